import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterPlace } from '../../src/cluster/engine/cluster-place.js';
import { MqttSources, Pipeline, Sinks } from '../../src/index.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { quickEngine } from '../support/cluster/job-node.js';
import {
  ascending,
  byDevice,
  counting,
  DEVICES,
  KEYED_JOB,
  KeyedRig,
  lines,
  readings,
  upTo,
} from '../support/cluster/keyed-rig.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

/*
 * State by key in a job of several partitions: items go to the partition of their key. The nodes are in one process, and what they share is in
 * memory; the broker is a real one.
 */

const ROUNDS = 25;

/** Counts them, and then the counts of all devices that are even, and those that are odd. */
const countingTwice = (broker: Mosquitto): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(readings(broker).spread('shared').build())
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
    .writeTo(lines(broker));
  return pipeline;
};

/** Tells the number of readings of each device by a timer, as soon as it may. */
const waiting = (broker: Mosquitto, told: { mayTell: boolean; waiting: number }): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(readings(broker).spread('shared').build())
    .groupingKey(({ device }) => device)
    .mapStateful(
      () => ({ seen: 0 }),
      (state, _device, _reading, timers) => {
        state.seen += 1;
        told.waiting += 1;
        timers.set('tell', timers.now + 20);
      },
      {
        onTimer: ({ seen }, device, _timer, timers) => {
          if (told.mayTell) return `${device} ${seen} readings`;
          timers.set('tell', timers.now + 20);
          return undefined;
        },
      },
    )
    .setName('count')
    .writeTo(lines(broker));
  return pipeline;
};

describe('state by key in a job of several partitions', SUITE_LIMIT, () => {
  it('sees all items of a key in one partition, whichever session they come by, and each once over a hand-over', async () => {
    const rig = await KeyedRig.start();
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
    const rig = await KeyedRig.start();
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
    const rig = await KeyedRig.start();
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
    const rig = await KeyedRig.start();
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

  it('has timers where the keys are: they go with their partition to another node, and fire there once', async () => {
    const rig = await KeyedRig.start();
    const told = { mayTell: false, waiting: 0 };
    const first = rig.node(waiting(rig.broker, told));
    await first.job.whenRunning();
    await rig.send(ROUNDS);
    await until(() => told.waiting >= DEVICES * ROUNDS);
    const second = rig.node(waiting(rig.broker, told));
    await second.job.whenRunning();
    await first.engine.shutdown();
    told.mayTell = true;
    await until(() => rig.seen.length >= DEVICES);
    assert.deepEqual(
      [...rig.seen].sort(),
      upTo(DEVICES).map((index) => `in/${index} ${ROUNDS} readings`),
    );
  });

  it('fails at an item that cannot be stored, which names the grouping; or gives it up', async () => {
    const grouped = (broker: Mosquitto, onError: 'fail' | 'skip'): Pipeline => {
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(readings(broker).spread('shared').build())
        .map((reading) => (reading.number === 3 ? { ...reading, tell: () => {} } : reading))
        .groupingKey(({ device }) => device, { onError })
        .setName('by device')
        .mapStateful(
          () => ({}),
          (_, device, { number }) => `${device} ${number}`,
        )
        .setName('pass')
        .writeTo(lines(broker));
      return pipeline;
    };
    const rig = await KeyedRig.start();
    const skipping = rig.node(grouped(rig.broker, 'skip'));
    await skipping.job.whenRunning();
    await rig.send(5);
    await until(() => rig.seen.length >= DEVICES * 4);
    assert.ok(rig.seen.every((line) => !line.endsWith(' 3')));
    const other = await KeyedRig.start();
    const failing = other.node(grouped(other.broker, 'fail'));
    const failed = rejectsWith('STATE_NOT_STORABLE', failing.job.join());
    await failing.job.whenRunning();
    await other.send(4);
    const error = await failed;
    assert.match(error.message, /stage "by device".*\.tell is a function/);
  });

  it('fails with STORE_CORRUPT where a partition has lost what it had committed, and is not begun anew without it', async () => {
    const rig = await KeyedRig.start();
    const counted: string[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(readings(rig.broker).spread('first').build())
      .groupingKey(({ device }) => device)
      .setName('by device')
      .mapStateful(
        () => ({ seen: 0 }),
        (state, device) => {
          state.seen += 1;
          return `${device} ${state.seen}`;
        },
      )
      .setName('count')
      .writeTo(Sinks.list(counted));
    const before = rig.node(pipeline);
    await before.job.whenRunning();
    await rig.send(2);
    await until(() => counted.length === 2 * DEVICES);
    await before.engine.shutdown();
    const place = rig.memory.place();
    const { logs } = place;
    const lost = (job: string, partition: number): string => (partition === 1 ? `${job}, made anew` : job);
    const others: ClusterPlace['logs'] = {
      location: logs.location,
      open: (job, partition) => logs.open(lost(job, partition), partition),
      blobs: (job, partition) => logs.blobs(lost(job, partition), partition),
      close: () => logs.close(),
    };
    const after = rig.node(pipeline, {}, { ...place, logs: others });
    const failed = rejectsWith('STORE_CORRUPT', after.job.join());
    await rig.send(1, 2);
    // before anything is exchanged: the claims know how far its log had come
    assert.match((await failed).message, /^partition 1 of job keyed, made anew .* ends at 0, and had a record at \d+/);
    // what went to that partition was not counted from the beginning
    assert.deepEqual(
      counted.slice(2 * DEVICES).filter((line) => line.endsWith(' 1')),
      [],
    );
  });

  it('is refused without a guarantee, and where two groupings have one name', () => {
    const engine = quickEngine({ place: new MemoryCluster().place(), node: 'n1' });
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
    const none = { ...KEYED_JOB, processingGuarantee: 'none' } as const;
    assert.throws(() => engine.newJob(pipeline('b'), none), { code: 'GUARANTEE_UNSUPPORTED' });
    assert.throws(() => engine.newJob(pipeline('a'), KEYED_JOB), { code: 'INVALID_OPTIONS', message: /"exchange a"/ });
  });
});
