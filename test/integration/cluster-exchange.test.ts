import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterEngine } from '../../src/cluster/engine/cluster-engine.js';
import type { ClusterJob } from '../../src/cluster/job/cluster-job.js';
import { MqttSinks, MqttSources, Pipeline, QualityOfService, Sinks } from '../../src/index.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

/*
 * State by key in a job of several partitions: items go to the partition of their key. The nodes are in one process, and what they share is in
 * memory; the broker is a real one.
 */

const PARTITIONS = 3;
const JOB = { name: 'keyed', processingGuarantee: 'exactly-once', partitions: PARTITIONS } as const;
const DEVICES = 8;
const ROUNDS = 25;

interface Reading {
  readonly device: string;
  readonly number: number;
}

const source = (broker: Mosquitto) =>
  MqttSources.builder()
    .clientId('meters')
    .broker(broker.url)
    .topic('in/+')
    .qualityOfService(QualityOfService.EXACTLY_ONCE)
    .keepSession()
    .mapToItemFn((topic, message): Reading => ({ device: topic, number: Number(message.toString()) }));

const sink = (broker: Mosquitto) =>
  MqttSinks.builder<string>().clientId('meters-out').broker(broker.url).topic('out').build();

/** Counts the readings of each device. */
const counting = (broker: Mosquitto, spread: 'shared' | 'first'): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source(broker).spread(spread).build())
    .groupingKey(({ device }) => device)
    .mapStateful(
      () => ({ seen: 0 }),
      (state, device, { number }) => {
        state.seen += 1;
        return `${device} ${state.seen} ${number}`;
      },
    )
    .setName('count')
    .writeTo(sink(broker));
  return pipeline;
};

/** Counts them, and then the counts of all devices that are even, and those that are odd. */
const countingTwice = (broker: Mosquitto): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source(broker).spread('shared').build())
    .groupingKey(({ device }) => device)
    .setName('by device')
    .mapStateful(
      () => ({ seen: 0 }),
      (state) => {
        state.seen += 1;
        return state.seen % 2;
      },
    )
    .setName('count')
    .groupingKey((rest) => rest)
    .setName('by rest')
    .mapStateful(
      () => ({ seen: 0 }),
      (state, rest) => {
        state.seen += 1;
        return `${rest} ${state.seen}`;
      },
    )
    .setName('count rests')
    .writeTo(sink(broker));
  return pipeline;
};

class Rig {
  readonly memory = new MemoryCluster();
  readonly broker: Mosquitto;
  readonly seen: string[] = [];
  readonly #publisher: Awaited<ReturnType<typeof connectPeer>>;
  #nodes = 0;

  private constructor(broker: Mosquitto, publisher: Awaited<ReturnType<typeof connectPeer>>) {
    this.broker = broker;
    this.#publisher = publisher;
  }

  static async start(): Promise<Rig> {
    const broker = await startMosquitto();
    const rig = new Rig(broker, await connectPeer(broker.port, { clientId: 'publisher' }));
    const witness = await connectPeer(broker.port, { clientId: 'witness', clean: false });
    witness.client.on('message', (_, payload) => void rig.seen.push(payload.toString()));
    await witness.client.subscribeAsync('out', { qos: 2 });
    return rig;
  }

  node(pipeline: Pipeline, options: object = {}): { readonly engine: ClusterEngine; readonly job: ClusterJob } {
    this.#nodes += 1;
    const parts = { place: this.memory.place(), node: `n${this.#nodes}`, leaseMs: 600, standbys: 0, warnings: false };
    const engine = new ClusterEngine(parts);
    onCleanup(() => engine.shutdown());
    const job = engine.newJob(pipeline, { ...JOB, ...options });
    job.join().catch(() => {});
    return { engine, job };
  }

  /** One reading of each device in each round. */
  async send(rounds: number, first = 0): Promise<void> {
    for (let number = first; number < first + rounds; number += 1)
      for (let device = 0; device < DEVICES; device += 1)
        await this.#publisher.publishAll(`in/${device}`, [String(number)], { qos: 2 });
  }
}

/** What the counts of each device are, and which readings were counted, as they came. */
const byDevice = (
  seen: readonly string[],
): ReadonlyMap<string, { readonly counts: number[]; readonly numbers: number[] }> => {
  const devices = new Map<string, { counts: number[]; numbers: number[] }>();
  for (const line of seen) {
    const [device = '', count, number] = line.split(' ');
    const one = devices.get(device) ?? { counts: [], numbers: [] };
    devices.set(device, one);
    one.counts.push(Number(count));
    one.numbers.push(Number(number));
  }
  return devices;
};

const upTo = (count: number, first = 0): number[] => Array.from({ length: count }, (_, index) => first + index);
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

describe('state by key in a job of several partitions', LIMIT, () => {
  it('sees all items of a key in one partition, whichever session they come by, and each once over a hand-over', async () => {
    const rig = await Rig.start();
    const first = rig.node(counting(rig.broker, 'shared'));
    await first.job.whenRunning();
    const second = rig.node(counting(rig.broker, 'shared'));
    await second.job.whenRunning();
    const sending = rig.send(2 * ROUNDS);
    await until(() => rig.seen.length >= DEVICES * 4);
    await first.engine.shutdown();
    await sending;
    await until(() => rig.seen.length >= DEVICES * 2 * ROUNDS);
    const devices = byDevice(rig.seen);
    assert.equal(devices.size, DEVICES);
    for (const [device, { counts, numbers }] of devices) {
      assert.deepEqual(counts, upTo(2 * ROUNDS, 1), device);
      assert.deepEqual(ascending(numbers), upTo(2 * ROUNDS), device);
    }
  });

  it("keeps the order of a key where the first partition reads all, with spread 'first'", async () => {
    const rig = await Rig.start();
    const { job } = rig.node(counting(rig.broker, 'first'));
    await job.whenRunning();
    await rig.send(ROUNDS);
    await until(() => rig.seen.length >= DEVICES * ROUNDS);
    for (const [device, { counts, numbers }] of byDevice(rig.seen)) {
      assert.deepEqual(counts, upTo(ROUNDS, 1), device);
      assert.deepEqual(numbers, upTo(ROUNDS), device);
    }
  });

  it('groups again what a grouping gives', async () => {
    const rig = await Rig.start();
    const { job } = rig.node(countingTwice(rig.broker));
    await job.whenRunning();
    await rig.send(ROUNDS);
    await until(() => rig.seen.length >= DEVICES * ROUNDS);
    const odd = DEVICES * Math.ceil(ROUNDS / 2);
    assert.deepEqual(
      rig.seen.filter((line) => line.startsWith('1 ')),
      upTo(odd, 1).map((count) => `1 ${count}`),
    );
    assert.deepEqual(
      rig.seen.filter((line) => line.startsWith('0 ')),
      upTo(DEVICES * ROUNDS - odd, 1).map((count) => `0 ${count}`),
    );
  });

  it('goes on over a suspension with what was on its way', async () => {
    const rig = await Rig.start();
    const { job } = rig.node(counting(rig.broker, 'shared'));
    await job.whenRunning();
    const sending = rig.send(ROUNDS);
    await until(() => rig.seen.length >= DEVICES);
    await job.suspend();
    await sending;
    await job.resume();
    await until(() => rig.seen.length >= DEVICES * ROUNDS);
    for (const [device, { counts }] of byDevice(rig.seen)) assert.deepEqual(counts, upTo(ROUNDS, 1), device);
  });

  it('fails at an item that cannot be stored, which names the grouping; or gives it up', async () => {
    const grouped = (broker: Mosquitto, onError: 'fail' | 'skip'): Pipeline => {
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(source(broker).spread('shared').build())
        .map((reading) => (reading.number === 3 ? { ...reading, tell: () => {} } : reading))
        .groupingKey(({ device }) => device, { onError })
        .setName('by device')
        .mapStateful(
          () => ({}),
          (_, device, { number }) => `${device} ${number}`,
        )
        .setName('pass')
        .writeTo(sink(broker));
      return pipeline;
    };
    const rig = await Rig.start();
    const skipping = rig.node(grouped(rig.broker, 'skip'));
    await skipping.job.whenRunning();
    await rig.send(5);
    await until(() => rig.seen.length >= DEVICES * 4);
    assert.ok(rig.seen.every((line) => !line.endsWith(' 3')));
    const other = await Rig.start();
    const failing = other.node(grouped(other.broker, 'fail'));
    const failed = rejectsWith('STATE_NOT_STORABLE', failing.job.join());
    await failing.job.whenRunning();
    await other.send(4);
    const error = await failed;
    assert.match(error.message, /stage "by device".*\.tell is a function/);
  });

  it('is refused without a guarantee, and where two groupings have one name', () => {
    const engine = new ClusterEngine({
      place: new MemoryCluster().place(),
      node: 'n1',
      leaseMs: 600,
      standbys: 0,
      warnings: false,
    });
    onCleanup(() => engine.shutdown());
    const read = MqttSources.builder().clientId('c').topic('in/#').qualityOfService(2).keepSession().spread('shared');
    const pipeline = (name: string): Pipeline => {
      const made = Pipeline.create();
      const stage = made.readFrom(read.build());
      for (const one of ['a', name])
        stage
          .groupingKey(() => 'k')
          .setName(one)
          .mapStateful(
            () => ({}),
            () => 1,
          )
          .setName(`count ${one} ${Math.random()}`)
          .writeTo(Sinks.noop());
      return made;
    };
    const none = { ...JOB, processingGuarantee: 'none' } as const;
    assert.throws(() => engine.newJob(pipeline('b'), none), { code: 'GUARANTEE_UNSUPPORTED' });
    assert.throws(() => engine.newJob(pipeline('a'), JOB), { code: 'INVALID_OPTIONS', message: /"exchange a"/ });
  });
});
