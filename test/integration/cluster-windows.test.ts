import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AggregateOperations, Pipeline, WindowDefinition } from '../../src/index.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { DEVICES, KeyedRig, lines, readings } from '../support/cluster/keyed-rig.js';
import { LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

/*
 * Windows in a job of several partitions: those of a key are where its state is, those of all items in one place. The nodes are in one process, and
 * what they share is in memory; the broker is a real one.
 */

/** A reading a second of each device. */
const SECOND = 1000;
const ROUNDS = 65;
const PERIOD_S = 20;
const ENDED = [20, 40, 60];

const countingWindows = (broker: Mosquitto): Pipeline => {
  const pipeline = Pipeline.create();
  const timed = pipeline
    .readFrom(readings(broker).spread('shared').build())
    .withTimestamps(({ number }) => number * SECOND, 0);
  const windows = WindowDefinition.tumbling(PERIOD_S * SECOND);
  const ofDevices = timed
    .groupingKey(({ device }) => device)
    .setName('by device')
    .window(windows)
    .aggregate(AggregateOperations.counting())
    .setName('of devices')
    .map(({ key, end, value }) => `${key} ${end / SECOND} ${value}`);
  const ofAll = timed
    .window(windows)
    .aggregate(AggregateOperations.counting())
    .setName('of all')
    .map(({ end, value }) => `all ${end / SECOND} ${value}`);
  ofDevices.merge(ofAll).writeTo(lines(broker));
  return pipeline;
};

describe('windows in a job of several partitions', LIMIT, () => {
  it('have the items of all that send, by key and of all together, over the hand-over of a node, each once', async () => {
    const rig = await KeyedRig.start();
    const first = rig.node(countingWindows(rig.broker));
    await first.job.whenRunning();
    const second = rig.node(countingWindows(rig.broker));
    await second.job.whenRunning();
    const sending = rig.send(ROUNDS);
    await until(() => rig.seen.length >= DEVICES);
    await first.engine.shutdown();
    await sending;
    await until(() => rig.seen.length >= (DEVICES + 1) * ENDED.length);
    const names = new Set(rig.seen.map((line) => line.split(' ')[0]));
    assert.equal(names.size, DEVICES + 1, `${[...names]}`);
    for (const name of names) {
      const count = name === 'all' ? DEVICES * PERIOD_S : PERIOD_S;
      const seen = rig.seen.filter((line) => line.startsWith(`${name} `));
      assert.deepEqual(seen, ENDED.map((end) => `${name} ${end} ${count}`)); // biome-ignore format: one line
    }
    await second.engine.shutdown();
  });
});
