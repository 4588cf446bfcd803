import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterJobEvent } from '../../src/cluster/node/cluster-event.js';
import { type ClusterEngine, type ClusterJob, Engine, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { NatsClient } from '../../src/nats/index.js';
import { streamName } from '../../src/store/jetstream/names.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
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
const LEASE_MS = 1_000;
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
  readonly broker: Mosquitto;
  readonly seen: string[] = [];
  readonly #publisher: Awaited<ReturnType<typeof connectPeer>>;
  #sent = 0;

  private constructor(nats: NatsCluster, broker: Mosquitto, publisher: Awaited<ReturnType<typeof connectPeer>>) {
    this.nats = nats;
    this.broker = broker;
    this.#publisher = publisher;
  }

  static async start(extra = ''): Promise<Rig> {
    const nats = await startNats({ extra });
    const broker = await startMosquitto();
    const rig = new Rig(nats, broker, await connectPeer(broker.port, { clientId: 'publisher' }));
    const witness = await connectPeer(broker.port, { clientId: 'witness', clean: false });
    witness.client.on('message', (_, payload) => void rig.seen.push(payload.toString()));
    await witness.client.subscribeAsync('out', { qos: 2 });
    return rig;
  }

  async node(name = 'meters'): Promise<Node> {
    const engine = await Engine.cluster({ servers: [...this.nats.urls], replicas: 1, leaseMs: LEASE_MS });
    onCleanup(() => engine.shutdown());
    const events: ClusterJobEvent[] = [];
    const job = engine.newJob(counting(this.broker), {
      name,
      processingGuarantee: 'exactly-once',
      partitions: PARTITIONS,
      onEvent: (event) => void events.push(event),
    });
    job.join().catch(() => {});
    return { engine, job, events };
  }

  async client(): Promise<NatsClient> {
    const client = await NatsClient.open({ servers: [...this.nats.urls] });
    onCleanup(() => client.close());
    return client;
  }

  /** A message of each device, as often as said. */
  async send(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1)
      for (let device = 0; device < DEVICES; device += 1) {
        await this.#publisher.publishAll(`in/${device}`, ['x'], { qos: 2 });
        this.#sent += 1;
      }
  }

  /** All that was sent was counted once, in order. */
  async judge(): Promise<void> {
    await until(() => this.seen.length >= this.#sent);
    const expected = Array.from({ length: DEVICES }, (_, device) =>
      Array.from({ length: this.#sent / DEVICES }, (_, index) => `in/${device} ${index + 1}`),
    );
    const seen = expected.map((_, device) => this.seen.filter((line) => line.startsWith(`in/${device} `)));
    assert.deepEqual(seen, expected);
  }
}

interface Node {
  readonly engine: ClusterEngine;
  readonly job: ClusterJob;
  readonly events: readonly ClusterJobEvent[];
}

const has = ({ events }: Node, kind: ClusterJobEvent['kind']): boolean => events.some((event) => event.kind === kind);

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

  it('had a log deleted by somebody: the job fails with STORE_CORRUPT, and says which log', LIMIT, async () => {
    const rig = await Rig.start();
    const node = await rig.node();
    await node.job.whenRunning();
    await rig.send(3);
    await rig.judge();
    await askJetStream(await rig.client(), `STREAM.DELETE.${LOG}`);
    const failed = rejectsWith('STORE_CORRUPT', node.job.join());
    await rig.send(3);
    assert.match((await failed).message, new RegExp(LOG));
  });

  it('had a log purged by somebody: who takes the partition over says so, and which log', LIMIT, async () => {
    const rig = await Rig.start();
    const first = await rig.node();
    await first.job.whenRunning();
    await rig.send(3);
    await rig.judge();
    await askJetStream(await rig.client(), `STREAM.PURGE.${LOG}`);
    // who has all of it goes on
    await rig.send(3);
    await rig.judge();
    const second = await rig.node();
    const failed = rejectsWith('STORE_CORRUPT', second.job.join());
    await first.engine.shutdown();
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
