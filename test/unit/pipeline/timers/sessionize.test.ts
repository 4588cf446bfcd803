import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AggregateOperations,
  Engine,
  type KeyedWindowResult,
  Pipeline,
  Sinks,
  TestSources,
  WindowDefinition,
} from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { fc } from '../../../support/fast-check.js';
import { LIMIT } from '../../../support/limits.js';
import { TimedRig } from '../../../support/rigs/timed-rig.js';
import { until } from '../../../support/until.js';

interface Item {
  readonly key: string;
  readonly n: number;
}

type Session = KeyedWindowResult<string, readonly Item[]>;

const keyOf = ({ key }: Item): string => key;
const item = (key: string, n: number): Item => ({ key, n });
const shown = (sessions: readonly unknown[]) =>
  (sessions as Session[]).map(({ key, start, end, value }) => `${key} ${start}-${end}: ${value.map(({ n }) => n)}`);

describe('sessionize', LIMIT, () => {
  it('gives what a key had as one result when it has been silent for so long', () => {
    const rig = new TimedRig<Item>((source) => source.groupingKey(keyOf).sessionize(100));
    rig.at(1000.5).take(item('a', 1), item('b', 1));
    rig.at(1060).take(item('a', 2));
    assert.deepEqual(shown(rig.at(1159).taken()), ['b 1000-1100: 1']);
    assert.deepEqual(shown(rig.at(1160).taken()), ['a 1000-1160: 1,2']);
    rig.take(item('a', 3));
    assert.deepEqual(shown(rig.at(9000).taken()), ['a 1160-1260: 3']);
    assert.equal(rig.timed.timers.nextAt(), Number.POSITIVE_INFINITY, 'nothing is kept of a key that is quiet');
  });

  it('an item behind the end of a session begins another one, though the timer has not fired yet', () => {
    const rig = new TimedRig<Item>((source) => source.groupingKey(keyOf).sessionize(100));
    rig.at(0).take(item('a', 1));
    rig.plan.processingClock.now = 150;
    rig.take(item('a', 2));
    assert.deepEqual(shown(rig.at(1000).taken()), ['a 0-100: 1', 'a 150-250: 2']);
  });

  it('has every item once, in sessions of items that are less than the timeout apart', () => {
    const steps = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), after: fc.integer({ min: 0, max: 25 }) }));
    fc.assert(
      fc.property(steps, (steps) => {
        const rig = new TimedRig<Item>((source) => source.groupingKey(keyOf).sessionize(10));
        const expected: { key: string; start: number; end: number; items: number[] }[] = [];
        let now = 0;
        for (const [n, { key, after }] of steps.entries()) {
          now += after;
          rig.at(now).take(item(key, n));
          const open = expected.findLast((one) => one.key === key);
          if (open !== undefined && now < open.end) {
            open.items.push(n);
            open.end = now + 10;
          } else expected.push({ key, start: now, end: now + 10, items: [n] });
        }
        rig.at(now + 10);
        const lines = expected
          .sort((one, other) => one.end - other.end || (one.key < other.key ? -1 : 1))
          .map(({ key, start, end, items }) => `${key} ${start}-${end}: ${items}`);
        assert.deepEqual(shown(rig.taken()), lines);
      }),
    );
  });

  it('an item too many for a session is the failure of the stage, and the session is as it was', () => {
    const rig = new TimedRig<Item>((source) =>
      source.groupingKey(keyOf).sessionize(100, { maxItems: 2, onError: 'skip' }),
    );
    rig.at(0).take(item('a', 1), item('a', 2));
    const { rejected } = rig.at(50).take(item('a', 3), item('b', 4));
    assert.deepEqual(
      rejected.map(({ item, cause }) => [item, (cause as Error).message]),
      [[item('a', 3), 'the list would have 3 items, and 2 are its bound']],
    );
    assert.deepEqual(shown(rig.at(1000).taken()), ['a 0-100: 1,2', 'b 50-150: 4']);
  });

  it('by event time it is as windows of sessions are', async () => {
    const pipeline = Pipeline.create();
    const out: Session[] = [];
    const windows: number[] = [];
    const keyed = pipeline
      .readFrom(
        TestSources.items(item('a', 5), item('a', 1), item('a', 12), item('b', 30), item('a', 60), item('a', 2)),
      )
      .withTimestamps(({ n }) => n, 10)
      .groupingKey(keyOf);
    const sessions = keyed.sessionize(10, { clock: 'event' });
    sessions.writeTo(Sinks.list(out));
    sessions
      .window(WindowDefinition.tumbling(1000))
      .aggregate(AggregateOperations.counting())
      .map(({ value }) => value)
      .writeTo(Sinks.list(windows));
    const engine = Engine.embedded();
    const job = engine.newJob(pipeline, { processingGuarantee: 'none' });
    await job.join();
    assert.deepEqual(shown(out), ['a 1-22: 5,1,12', 'b 30-40: 30', 'a 60-70: 60']);
    assert.deepEqual(windows, [3], 'a session has a time, which is in it');
    assert.equal(job.metrics().itemsLate, 1);
    await engine.shutdown();
  });

  it('results by the clock of the machine have the time of the stream', async () => {
    const source = new ManualSource<Item>({ defaultGuarantee: 'none' });
    const pipeline = Pipeline.create();
    const sessions: Session[] = [];
    const windows: string[] = [];
    const stage = pipeline
      .readFrom(source.source)
      .withTimestamps(({ n }) => n, 0)
      .groupingKey(keyOf)
      .sessionize(5);
    stage.writeTo(Sinks.list(sessions));
    stage
      .window(WindowDefinition.tumbling(10))
      .aggregate(AggregateOperations.counting())
      .map(({ end, value }) => `${end}: ${value}`)
      .writeTo(Sinks.list(windows));
    const engine = Engine.embedded();
    const job = engine.newJob(pipeline, { processingGuarantee: 'none' });
    source.push(item('a', 5));
    await until(() => sessions.length === 1);
    source.push(item('b', 100));
    await until(() => windows.length === 1);
    assert.deepEqual(windows, ['10: 1']);
    await job.cancel();
    await engine.shutdown();
  });

  it('takes whole numbers of milliseconds, and what a session may have', () => {
    const keyed = Pipeline.create().readFrom(TestSources.items<Item>()).groupingKey(keyOf);
    const problem = { code: 'INVALID_OPTIONS' };
    for (const ms of [0, -5, Number.NaN, 1.5, undefined as never])
      assert.throws(() => keyed.sessionize(ms), {
        ...problem,
        message: /sessionize: timeoutMs must be a whole number/,
      });
    assert.throws(() => keyed.sessionize(5, { maxItems: 0 }), { ...problem, message: /sessionize: maxItems/ });
    const pipeline = Pipeline.create();
    const timeless = pipeline.readFrom(TestSources.items<Item>()).withoutTimestamps().groupingKey(keyOf);
    // @ts-expect-error: the items have no time
    timeless.sessionize(5, { clock: 'event' }).setName('sessions').writeTo(Sinks.noop());
    assert.throws(() => pipeline.toGraph(), { ...problem, message: /sessions/ });
  });
});
