import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pipeline, Sinks, SourceBuilder } from '../../src/index.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { quickEngine } from '../support/cluster/job-node.js';
import { DEVICES, KeyedRig, lines, readings } from '../support/cluster/keyed-rig.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

/*
 * Event time in a job of several partitions: items go with their time to the partition of their key, and what closes a period there is the time of
 * all partitions that send. The nodes are in one process, and what they share is in memory; the broker is a real one.
 */

/** A reading a second of each device. */
const SECOND = 1000;
const ROUNDS = 65;
const PERIOD_S = 20;
const CLOSED = [20, 40, 60];

/** Counts the readings of each device in each period. None may be late: the readings of each session are in order. */
const countingPeriods = (broker: Mosquitto): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(readings(broker).spread('shared').build())
    .withTimestamps(({ number }) => number * SECOND, 0)
    .groupingKey(({ device }) => device)
    .setName('by device')
    .flatMapStateful(
      () => ({ counts: {} as Record<number, number> }),
      ({ counts }, device, { number }, timers): readonly string[] => {
        const end = Math.floor(number / PERIOD_S) * PERIOD_S + PERIOD_S;
        if (end * SECOND <= timers.now) return [`late ${device} ${number}`];
        counts[end] = (counts[end] ?? 0) + 1;
        timers.set(`${end}`, end * SECOND);
        return [];
      },
      {
        clock: 'event',
        onTimer: ({ counts }, device, { name }) => {
          const count = counts[Number(name)];
          delete counts[Number(name)];
          return [`${device} ${name} ${count}`];
        },
      },
    )
    .setName('count')
    .writeTo(lines(broker));
  return pipeline;
};

const NUMBERS = 50;
const PARTITIONS = 3;
const KEYS = 7;

/** As many numbers in each partition, of which the last one has them an hour later. */
const numbers = () => {
  const source = SourceBuilder.batch('numbers', ({ partition }) => ({ next: 0, partition: partition?.index ?? 0 }))
    .fillBufferFn<{ n: number; at: number }>((context, buffer) => {
      const hours = context.partition === PARTITIONS - 1 ? 1 : 0;
      for (; context.next < NUMBERS; context.next += 1)
        buffer.add({ n: context.next, at: (hours * 3600 + context.next) * SECOND });
      buffer.close();
    })
    .createSnapshotFn(({ next }) => next)
    .restoreSnapshotFn((context, next) => {
      context.next = next;
    })
    .build();
  return { ...source, spread: 'each' } as const;
};

const HOUR_MS = 3600 * SECOND;

/** Counts the numbers of each rest in each hour, and then the counts of each hour. */
const countingTwice = (seen: string[]): Pipeline => {
  const pipeline = Pipeline.create();
  const counts = pipeline
    .readFrom(numbers())
    .withTimestamps(({ at }) => at, 0)
    .groupingKey(({ n }) => n % KEYS)
    .setName('by rest')
    .flatMapStateful(
      () => ({ counts: {} as Record<number, number> }),
      (state, _, { at }, timers): readonly { end: number; rest: number; count: number }[] => {
        const end = Math.floor(at / HOUR_MS) * HOUR_MS + HOUR_MS;
        state.counts[end] = (state.counts[end] ?? 0) + 1;
        timers.set(`${end}`, end);
        return [];
      },
      { clock: 'event', onTimer: (state, rest, { at }) => [{ end: at, rest, count: state.counts[at] ?? 0 }] },
    )
    .setName('count');
  counts
    .mapAsync(async (one) => one)
    .setName('look')
    .groupingKey(({ end }) => end)
    .setName('by hour')
    .flatMapStateful(
      () => ({ counts: [] as number[] }),
      (state, end, { count }, timers): readonly string[] => {
        if (end < timers.now) return [`late ${end}`];
        state.counts.push(count);
        timers.set('end', end + 1);
        return [];
      },
      {
        clock: 'event',
        onTimer: ({ counts: all }, end) => [
          `${end / HOUR_MS} ${all.length} ${all.reduce((sum, count) => sum + count, 0)}`,
        ],
      },
    )
    .setName('count again')
    .writeTo(Sinks.list(seen));
  return pipeline;
};

describe('event time in a job of several partitions', LIMIT, () => {
  it('closes a period by the time of all that send, over the hand-over of a node, and each once', async () => {
    const rig = await KeyedRig.start();
    const first = rig.node(countingPeriods(rig.broker));
    await first.job.whenRunning();
    const second = rig.node(countingPeriods(rig.broker));
    await second.job.whenRunning();
    const sending = rig.send(ROUNDS);
    await until(() => rig.seen.length >= DEVICES);
    await first.engine.shutdown();
    await sending;
    await until(() => rig.seen.length >= DEVICES * CLOSED.length);
    const devices = new Set(rig.seen.map((line) => line.split(' ')[0]));
    assert.equal(devices.size, DEVICES, `${[...devices]}`);
    for (const device of devices) {
      const seen = rig.seen.filter((line) => line.startsWith(`${device} `));
      assert.deepEqual(seen, CLOSED.map((end) => `${device} ${end} ${PERIOD_S}`)); // biome-ignore format: one line
    }
    await second.engine.shutdown();
  });

  it('ends where all sources have ended: what is open then is closed, through two exchanges and calls', async () => {
    const seen: string[] = [];
    const engine = quickEngine({ place: new MemoryCluster().place(), node: 'n' });
    const options = { name: 'ends', processingGuarantee: 'exactly-once', partitions: PARTITIONS } as const;
    await engine.newJob(countingTwice(seen), options).join();
    assert.deepEqual(seen.toSorted(), [`1 ${KEYS} ${2 * NUMBERS}`, `2 ${KEYS} ${NUMBERS}`]);
  });
});
