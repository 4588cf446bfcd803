import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pipeline } from '../../src/index.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { DEVICES, KeyedRig, lines, readings } from '../support/cluster/keyed-rig.js';
import { SUITE_LIMIT } from '../support/limits.js';
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

describe('event time in a job of several partitions', SUITE_LIMIT, () => {
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
});
