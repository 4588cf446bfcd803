import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterJobOptions } from '../../src/cluster/job/cluster-job-options.js';
import type { MemoryPace } from '../../src/cluster/memory/memory-bucket.js';
import type { ClusterJobEvent } from '../../src/cluster/node/cluster-event.js';
import { MqttSinks, MqttSources, Pipeline, QualityOfService, Sinks } from '../../src/index.js';
import { DEFAULT_BEHIND_BYTES } from '../../src/store/log/view-writer.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { BreakableViews } from '../support/cluster/breakable-views.js';
import { BrokerEnds } from '../support/cluster/broker-ends.js';
import { has, type JobNode, joinJob, quickEngine } from '../support/cluster/job-node.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

/*
 * Nodes of a cluster in one process: what they share is in memory, the broker is a real one. Each node would be its own process elsewhere.
 */

const JOB = { name: 'counting', processingGuarantee: 'exactly-once' } as const;

/** Counts the messages of each topic, exactly once. */
function counting(broker: Mosquitto, stage: (count: number) => void = () => {}): Pipeline {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(
      MqttSources.builder()
        .clientId('counter')
        .broker(broker.url)
        .topic('in/+')
        .qualityOfService(QualityOfService.EXACTLY_ONCE)
        .keepSession()
        .mapToItemFn((topic, payload) => ({ topic, text: payload.toString() }))
        .build(),
    )
    .groupingKey(({ topic }) => topic)
    .mapStateful(
      () => ({ seen: 0 }),
      (state, topic, { text }) => {
        state.seen += 1;
        stage(state.seen);
        return `${topic} ${state.seen} ${text}`;
      },
    )
    .setName('count')
    .writeTo(MqttSinks.builder<string>().clientId('counter-out').broker(broker.url).topic('out').build());
  return pipeline;
}

/** Passes on what comes, with the partition's process-wide number in front; the partitions share the input. */
function passingOn(broker: Mosquitto): Pipeline {
  const pipeline = Pipeline.create();
  let readers = 0;
  const source = MqttSources.builder()
    .clientId('passing')
    .broker(broker.url)
    .topic('in/+')
    .qualityOfService(QualityOfService.EXACTLY_ONCE)
    .keepSession()
    .mapToItemFn((_, payload) => payload.toString())
    .spread('shared');
  pipeline
    .readFrom(source.build())
    .mapUsingService(
      () => {
        readers += 1;
        return readers;
      },
      (reader, text) => `${reader} ${text}`,
    )
    .writeTo(MqttSinks.builder<string>().clientId('passing-out').broker(broker.url).topic('out').build());
  return pipeline;
}

interface NodeOptions extends Partial<ClusterJobOptions> {
  readonly pace?: MemoryPace;
  readonly stage?: (count: number) => void;
  readonly pipeline?: Pipeline;
  readonly views?: BreakableViews;
}

class Cluster {
  readonly memory = new MemoryCluster();
  readonly broker: Mosquitto;
  readonly seen: readonly string[];
  readonly #ends: BrokerEnds;
  #nodes = 0;
  #sent = 0;

  private constructor(ends: BrokerEnds) {
    this.broker = ends.broker;
    this.seen = ends.seen;
    this.#ends = ends;
  }

  static async start(): Promise<Cluster> {
    return new Cluster(await BrokerEnds.start());
  }

  node({ pace, stage, pipeline, views, ...options }: NodeOptions = {}): JobNode {
    this.#nodes += 1;
    const memory = this.memory.place(pace);
    const place = views === undefined ? memory : { ...memory, views };
    const engine = quickEngine({ place, node: `n${this.#nodes}` });
    return joinJob(engine, pipeline ?? counting(this.broker, stage), { ...JOB, ...options });
  }

  /** `bytes`: the least that each is to have. */
  async send(count: number, bytes = 0): Promise<void> {
    const texts = Array.from({ length: count }, () => {
      this.#sent += 1;
      return String(this.#sent).padEnd(bytes, '.');
    });
    await this.#ends.publish('in/a', texts);
  }

  /** All that was sent came once, in order, and was counted so. */
  async judge(): Promise<void> {
    await until(() => this.seen.length >= this.#sent);
    const expected = Array.from({ length: this.#sent }, (_, index) => `in/a ${index + 1} ${index + 1}`);
    assert.deepEqual(
      this.seen.map((line) => line.replace(/\.+$/, '')),
      expected,
    );
  }
}

const nodesOf = ({ job }: JobNode): (string | undefined)[] => job.partitions.map(({ node }) => node);
const runsHere = ({ job, engine }: JobNode): boolean => job.partitions[0]?.node === engine.nodeId;

describe('a job on a cluster', SUITE_LIMIT, () => {
  it('moves to another node when its own leaves in order: nothing is lost, doubled or counted anew', async () => {
    const cluster = await Cluster.start();
    const first = cluster.node();
    await first.job.whenRunning();
    const second = cluster.node();
    await second.job.whenRunning();
    await cluster.send(50);
    await first.engine.shutdown();
    assert.ok(has(first, 'partition-released'));
    await cluster.send(50);
    await until(() => runsHere(second));
    await cluster.judge();
    assert.equal(second.job.status, 'RUNNING');
    await rejectsWith('ABORTED', first.job.join());
  });

  it('moves to another node when the beats of its own are not taken any more, which then stops', async () => {
    const cluster = await Cluster.start();
    let cut = false;
    const first = cluster.node({ pace: (step, go) => (cut && step === 'ask' ? undefined : go()) });
    await first.job.whenRunning();
    const second = cluster.node();
    await cluster.send(30);
    cut = true;
    await cluster.send(30);
    await until(() => runsHere(second));
    await until(() => has(first, 'partition-lost'));
    await cluster.send(30);
    await cluster.judge();
  });

  it('goes on at another node when the disk of its own is full, which says so and is asked last from then on', async () => {
    const cluster = await Cluster.start();
    const views = new BreakableViews();
    const states: unknown[] = [];
    const restart = { minBackoffMs: 20, maxAttempts: 1 };
    const told: ClusterJobEvent[] = [];
    const onEvent = (event: ClusterJobEvent): void => {
      told.push(event);
      if (event.kind === 'partition-restarting') states.push(first.job.partitions[0]?.state);
    };
    const first = cluster.node({ views, restart, onEvent });
    await first.job.whenRunning();
    const second = cluster.node({ restart });
    await second.job.whenRunning();
    await cluster.send(20);
    views.full = true;
    // the view is written once the log has grown by so much
    await cluster.send(20, (2 * DEFAULT_BEHIND_BYTES) / 20);
    await until(() => runsHere(second));
    await cluster.send(20);
    await cluster.judge();
    assert.ok(views.refused >= 3);
    assert.ok(states.length >= 2 && states.every((state) => state === 'restarting'), `${states}`);
    const unfit = told.find((event) => event.kind === 'partition-unfit');
    assert.ok(unfit?.kind === 'partition-unfit');
    assert.deepEqual([unfit.error.code, unfit.failures, unfit.forMs], ['STORE_FULL', 3, 60_000]);
    assert.equal(first.job.status, 'RUNNING');
    // there is nobody else any more
    views.full = false;
    await second.engine.shutdown();
    await until(() => runsHere(first));
    await cluster.send(20);
    await cluster.judge();
  });

  it('completes everywhere when it is drained at one node', async () => {
    const cluster = await Cluster.start();
    const nodes = [cluster.node(), cluster.node()];
    await Promise.all(nodes.map(({ job }) => job.whenRunning()));
    await cluster.send(10);
    await cluster.judge();
    await nodes[1]?.job.drain();
    await Promise.all(nodes.map(({ job }) => job.join()));
    assert.deepEqual(
      nodes.map(({ job }) => job.status),
      ['COMPLETED', 'COMPLETED'],
    );
  });

  it('keeps its client ids from other jobs of its engine until it has ended', async () => {
    const cluster = await Cluster.start();
    const { engine, job } = cluster.node();
    await job.whenRunning();
    const second = () => engine.newJob(counting(cluster.broker), { ...JOB, name: 'second' });
    assert.throws(second, { code: 'DUPLICATE_SESSION' });
    await job.drain();
    await job.join();
    await second().cancel();
  });

  it('is suspended and resumed everywhere, by whichever node', async () => {
    const cluster = await Cluster.start();
    const nodes = [cluster.node(), cluster.node()];
    await Promise.all(nodes.map(({ job }) => job.whenRunning()));
    await cluster.send(10);
    await nodes[1]?.job.suspend();
    await until(() => nodes.every(({ job }) => job.status === 'SUSPENDED'));
    await cluster.send(10);
    await nodes[0]?.job.resume();
    await cluster.judge();
    await until(() => nodes.every(({ job }) => job.status === 'RUNNING'));
  });

  it('fails everywhere when it is cancelled at one node', async () => {
    const cluster = await Cluster.start();
    const nodes = [cluster.node(), cluster.node()];
    await Promise.all(nodes.map(({ job }) => job.whenRunning()));
    await nodes[0]?.job.cancel();
    await Promise.all(nodes.map(({ job }) => rejectsWith('ABORTED', job.join())));
  });

  it('fails everywhere, by its own error, when a function throws as it would anywhere', async () => {
    const cluster = await Cluster.start();
    const stage = (count: number): void => {
      if (count === 5) throw new Error('no more');
    };
    const nodes = [cluster.node({ stage }), cluster.node({ stage })];
    await Promise.all(nodes.map(({ job }) => job.whenRunning()));
    await cluster.send(10);
    await Promise.all(nodes.map(({ job }) => rejectsWith('USER_FUNCTION_FAILED', job.join())));
  });

  it('runs its partitions on all nodes, each with a session of its own, and gives those of one that leaves to the others', async () => {
    const cluster = await Cluster.start();
    const passing = passingOn(cluster.broker);
    const options = { partitions: 4, pipeline: passing };
    const first = cluster.node(options);
    await first.job.whenRunning();
    assert.deepEqual(nodesOf(first), ['n1', 'n1', 'n1', 'n1']);
    const second = cluster.node(options);
    await until(() => nodesOf(second).filter((node) => node === 'n2').length === 2);
    await cluster.send(40);
    await first.engine.shutdown();
    await until(() => nodesOf(second).every((node) => node === 'n2'));
    await cluster.send(40);
    await until(() => cluster.seen.length >= 80);
    const sent = Array.from({ length: 80 }, (_, index) => String(index + 1));
    assert.deepEqual(cluster.seen.map((text) => text.split(' ')[1]).sort(), sent.sort());
    const sessions = new Set(cluster.seen.map((text) => text.split(' ')[0]));
    assert.ok(sessions.size > 1, 'the messages came by more than one partition');
  });

  it('is refused with several partitions where a source does not say how it is divided', () => {
    const engine = quickEngine({ place: new MemoryCluster().place(), node: 'n1' });
    const source = MqttSources.builder().clientId('c').topic('in/#').qualityOfService(2).keepSession();
    const unsaid = Pipeline.create();
    unsaid.readFrom(source.build()).writeTo(Sinks.noop());
    assert.throws(() => engine.newJob(unsaid, { ...JOB, partitions: 2 }), { code: 'INVALID_OPTIONS' });
  });

  it('refuses a node that brings another number of partitions, and leaves the others alone', async () => {
    const cluster = await Cluster.start();
    const first = cluster.node();
    await first.job.whenRunning();
    const other = cluster.node({ partitions: 2, pipeline: passingOn(cluster.broker) });
    await rejectsWith('JOB_CHANGED', other.job.join());
    assert.equal(first.job.status, 'RUNNING');
    await cluster.send(5);
    await cluster.judge();
  });
});
