import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AggregateOperations, Pipeline, WindowDefinition } from '../../src/index.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { DEVICES, KeyedRig, lines, type Reading, readings } from '../support/cluster/keyed-rig.js';
import { SUITE_LIMIT } from '../support/limits.js';
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

const isEven = ({ number }: Reading): boolean => number % 2 === 0;

/** Even readings and odd ones are two streams, with groupings of their own. */
const joins = (broker: Mosquitto): Pipeline => {
  const pipeline = Pipeline.create();
  const timed = pipeline
    .readFrom(readings(broker).spread('shared').build())
    .withTimestamps(({ number }) => number * SECOND, 0);
  const even = timed
    .filter(isEven)
    .groupingKey(({ device }) => device)
    .setName('even');
  const odd = timed
    .filter((reading) => !isEven(reading))
    .map(({ device, number }) => ({ name: device, number }))
    .groupingKey(({ name }) => name)
    .setName('odd');
  const { counting, maxBy } = AggregateOperations;
  const joined = even
    .window(WindowDefinition.tumbling(PERIOD_S * SECOND))
    .aggregate2(
      counting(),
      odd,
      maxBy(({ number }) => number),
    )
    .setName('joined')
    .map(({ key, end, value: [count, last] }) => `${key} window ${end / SECOND} ${count} ${last?.number}`);
  const merged = even
    .merge(odd)
    .mapStateful(
      () => ({ even: 0, odd: 0 }),
      (state, key, reading) => {
        state['name' in reading ? 'odd' : 'even'] += 1;
        const { even, odd } = state;
        return even + odd === ROUNDS ? `${key} merged ${even} ${odd}` : undefined;
      },
    )
    .setName('merged');
  joined.merge(merged).writeTo(lines(broker));
  return pipeline;
};

describe('windows in a job of several partitions', SUITE_LIMIT, () => {
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

  it('two streams meet in one window of a key, and in one state, each item once, over the hand-over of a node', async () => {
    const rig = await KeyedRig.start();
    const first = rig.node(joins(rig.broker));
    await first.job.whenRunning();
    const second = rig.node(joins(rig.broker));
    await second.job.whenRunning();
    const sending = rig.send(ROUNDS);
    await until(() => rig.seen.length > 0);
    await first.engine.shutdown();
    await sending;
    await until(() => rig.seen.length >= DEVICES * (ENDED.length + 1));
    for (const name of new Set(rig.seen.map((line) => line.split(' ')[0]))) {
      const seen = (what: string) => rig.seen.filter((line) => line.startsWith(`${name} ${what}`));
      assert.deepEqual(seen('window'), ENDED.map((end) => `${name} window ${end} ${PERIOD_S / 2} ${end - 1}`)); // biome-ignore format: one line
      assert.deepEqual(seen('merged'), [`${name} merged ${Math.ceil(ROUNDS / 2)} ${Math.floor(ROUNDS / 2)}`]);
    }
    assert.equal(rig.seen.length, DEVICES * (ENDED.length + 1));
    await second.engine.shutdown();
  });
});
