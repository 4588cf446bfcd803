import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { NatsClient } from '../../src/nats/index.js';
import { streamName } from '../../src/store/jetstream/names.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { BrokerEnds } from '../support/cluster/broker-ends.js';
import { has, type JobNode, joinJob } from '../support/cluster/job-node.js';
import { LIMIT } from '../support/limits.js';
import { type NatsCluster, startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { askJetStream } from '../support/nats/streams.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

/*
 * What a job on a cluster says, and does, when something has happened to its servers that no node did: real servers, a real broker, nodes in this
 * process. Items change their partition on the way.
 */

const skip = natsAbsence() ?? false;
const LEASE_MS = 3_000;
const PARTITIONS = 2;
const DEVICES = 4;
/** Of one of the partitions. */
const LOG = streamName('meters', 1);

/** Counts the messages of each topic. */
const counting = (broker: Mosquitto): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(
      MqttSources.builder()
        .clientId('meters')
        .broker(broker.url)
        .topic('in/+')
        .qualityOfService(2)
        .keepSession()
        .mapToItemFn((topic) => topic)
        .spread('shared')
        .build(),
    )
    .groupingKey((topic) => topic)
    .setName('by topic')
    .mapStateful(
      () => ({ seen: 0 }),
      (state, topic) => {
        state.seen += 1;
        return `${topic} ${state.seen}`;
      },
    )
    .setName('count')
    .writeTo(MqttSinks.builder<string>().clientId('meters-out').broker(broker.url).topic('out').build());
  return pipeline;
};

class Rig {
  readonly nats: NatsCluster;
  readonly #ends: BrokerEnds;
  #rounds = 0;

  private constructor(nats: NatsCluster, ends: BrokerEnds) {
    this.nats = nats;
    this.#ends = ends;
  }

  static async start(): Promise<Rig> {
    return new Rig(await startNats(), await BrokerEnds.start());
  }

  async node(name = 'meters'): Promise<JobNode> {
    const engine = await Engine.cluster({ servers: [...this.nats.urls], replicas: 1, leaseMs: LEASE_MS });
    onCleanup(() => engine.shutdown());
    const options = { name, processingGuarantee: 'exactly-once', partitions: PARTITIONS } as const;
    return joinJob(engine, counting(this.#ends.broker), options);
  }

  async client(): Promise<NatsClient> {
    const client = await NatsClient.open({ servers: [...this.nats.urls] });
    onCleanup(() => client.close());
    return client;
  }

  /** A message of each device, as often as said. */
  async send(rounds: number): Promise<void> {
    await this.#ends.publishRounds(DEVICES, Array(rounds).fill('x'));
    this.#rounds += rounds;
  }

  /** All that was sent was counted once, in order. */
  async judge(): Promise<void> {
    const { seen } = this.#ends;
    await until(() => seen.length >= this.#rounds * DEVICES);
    const expected = Array.from({ length: DEVICES }, (_, device) =>
      Array.from({ length: this.#rounds }, (_, index) => `in/${device} ${index + 1}`),
    );
    const counted = expected.map((_, device) => seen.filter((line) => line.startsWith(`in/${device} `)));
    assert.deepEqual(counted, expected);
  }
}

describe('a job on a cluster whose servers', { skip }, () => {
  it('stand still: that is told, and all goes on when they do', LIMIT, async () => {
    const rig = await Rig.start();
    const node = await rig.node();
    await node.job.whenRunning();
    await rig.send(3);
    const [server] = rig.nats.servers;
    assert.ok(server);
    server.suspend();
    await rig.send(2);
    await until(() => has(node, 'commit-stalled') || has(node, 'cluster-unreachable'));
    server.resume();
    await rig.send(3);
    await rig.judge();
    assert.equal(node.job.status, 'RUNNING');
  });

  it('are away and come back: the node stops at the end of the lease, and goes on', LIMIT, async () => {
    const rig = await Rig.start();
    const node = await rig.node();
    await node.job.whenRunning();
    await rig.send(3);
    const [server] = rig.nats.servers;
    assert.ok(server);
    await server.kill();
    await rig.send(2);
    await until(() => has(node, 'cluster-unreachable') && has(node, 'partition-lost'));
    server.start();
    await rig.nats.ready();
    await rig.send(3);
    await rig.judge();
    assert.equal(node.job.status, 'RUNNING');
  });

  it(
    'are full: nothing is lost meanwhile, the reason is told, and the job goes on when there is room',
    LIMIT,
    async () => {
      const rig = await Rig.start();
      const node = await rig.node();
      await node.job.whenRunning();
      await rig.send(3);
      const client = await rig.client();
      const streams = Array.from({ length: PARTITIONS }, (_, index) => streamName('meters', index));
      const limit = async (maxBytes: number | undefined): Promise<void> => {
        for (const name of streams) {
          const { config, state } = await askJetStream<{ config: object; state: { bytes: number } }>(
            client,
            `STREAM.INFO.${name}`,
          );
          await askJetStream(client, `STREAM.UPDATE.${name}`, { ...config, max_bytes: maxBytes ?? state.bytes });
        }
      };
      await limit(undefined);
      await rig.send(2);
      await until(() =>
        node.events.some((event) => event.kind === 'partition-restarting' && event.error.code === 'STORE_FULL'),
      );
      await limit(-1);
      await rig.send(3);
      await rig.judge();
      assert.equal(node.job.status, 'RUNNING');
    },
  );

  it('had a log deleted by somebody: the job fails though nothing is sent, and says which log', LIMIT, async () => {
    const rig = await Rig.start();
    const node = await rig.node();
    await node.job.whenRunning();
    await rig.send(3);
    await rig.judge();
    const failed = rejectsWith('STORE_CORRUPT', node.job.join());
    await askJetStream(await rig.client(), `STREAM.DELETE.${LOG}`);
    assert.match((await failed).message, new RegExp(LOG));
  });

  it('had a log deleted: who starts the job again is refused, too, and the log is not made anew', LIMIT, async () => {
    const rig = await Rig.start();
    const first = await rig.node();
    await first.job.whenRunning();
    await rig.send(3);
    await rig.judge();
    await first.engine.shutdown();
    const client = await rig.client();
    await askJetStream(client, `STREAM.DELETE.${LOG}`);
    for (const attempt of ['first', 'second']) {
      const node = await rig.node();
      const error = await rejectsWith('STORE_CORRUPT', node.job.join());
      assert.match(error.message, new RegExp(`${LOG} .*was deleted`), attempt);
      assert.match(error.advice ?? '', /one backup.*another name/, attempt);
      await node.engine.shutdown();
    }
    await assert.rejects(askJetStream(client, `STREAM.INFO.${LOG}`), /10059/);
  });

  it(
    'had a log purged by somebody: who has all of it takes a snapshot and says so, and another goes on',
    LIMIT,
    async () => {
      const rig = await Rig.start();
      const first = await rig.node();
      await first.job.whenRunning();
      await rig.send(3);
      await rig.judge();
      await askJetStream(await rig.client(), `STREAM.PURGE.${LOG}`);
      await until(() => has(first, 'records-removed'));
      await rig.send(3);
      await rig.judge();
      const second = await rig.node();
      await first.engine.shutdown();
      await rig.send(3);
      await rig.judge();
      // one of its partitions has what was sent, and the other may open still
      await second.job.whenRunning();
      assert.equal(has(second, 'partition-running'), true);
    },
  );

  it('had a log purged by somebody while it ran nowhere: who opens it says so, and which log', LIMIT, async () => {
    const rig = await Rig.start();
    const node = await rig.node();
    await node.job.whenRunning();
    await rig.send(3);
    await rig.judge();
    await node.job.suspend();
    await askJetStream(await rig.client(), `STREAM.PURGE.${LOG}`);
    const failed = rejectsWith('STORE_CORRUPT', node.job.join());
    node.job.resume().catch(() => {});
    assert.match((await failed).message, new RegExp(LOG));
  });
});

describe('two clusters with the same client ids', { skip }, () => {
  it('are told, and none of them doubles anything', LIMIT, async () => {
    const rig = await Rig.start();
    const first = await rig.node('one');
    await first.job.whenRunning();
    const second = await rig.node('two');
    // the broker has sessions of ids that the second knows nothing of
    const error = await rejectsWith('SESSION_UNKNOWN', second.job.join());
    assert.match(error.message, /meters/);
    await rig.send(3);
    await rig.judge();
    assert.equal(first.job.status, 'RUNNING');
  });
});
