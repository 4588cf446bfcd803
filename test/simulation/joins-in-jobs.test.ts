import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AggregateOperations,
  type BothSides,
  type KeyedWindowResult,
  Pipeline,
  type Stage,
  TestSources,
  WindowDefinition,
} from '../../src/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { PlainWindows } from '../support/plain-windows.js';
import { anyBounds, anyCrashes } from '../support/rigs/any-crashes.js';
import { arrivedOf, asText, runThrough } from '../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';
import { anyShape, inOrder, listing, type TimedItem, timedItems } from '../support/timed-items.js';

const MOST_OFF = 40;
const items = timedItems({ maxLength: 60, mostOff: MOST_OFF });
/** One source for both sides: the time at each item is known. Two: nothing is late, since what is out of order is less than the lag. */
const sources = fc.constantFrom({ two: true, lag: MOST_OFF }, ...[0, 15, 40].map((lag) => ({ two: false, lag })));

const numbers = listing(({ n }: TimedItem) => n);
const counting = AggregateOperations.counting();

type Joined = KeyedWindowResult<string, BothSides<readonly number[], number>>;

interface Setting {
  readonly lag: number;
  readonly size: number;
  readonly slide: number;
}

/** The windows of the whole input, and what is too late for all of them. */
const recomputed = (items: readonly TimedItem[], { lag, size, slide }: Setting, keyOf: (item: TimedItem) => string) => {
  const windows = new PlainWindows({ kind: 'sliding', size, slide }, lag);
  for (const item of items) windows.take({ ...item, key: keyOf(item) });
  const results = windows.all().map(({ numbers, ...window }) => {
    const one = numbers.filter((n) => items[n]?.side === 0);
    return { ...window, value: [one, numbers.length - one.length] };
  });
  return { results: inOrder(results), late: windows.late.map(({ n }) => n) };
};

/** Both sides, with the time that they have. */
const sidesOf = (
  pipeline: Pipeline,
  items: readonly TimedItem[],
  { two, lag }: { readonly two: boolean; readonly lag: number },
): readonly [Stage<TimedItem, true>, Stage<TimedItem, true>] => {
  const read = (some: readonly TimedItem[]): Stage<TimedItem, true> =>
    pipeline.readFrom(TestSources.items(...some)).withTimestamps(({ at }) => at, lag);
  const all = two ? undefined : read(items);
  const of = (side: number): Stage<TimedItem, true> =>
    all?.filter((item) => item.side === side) ?? read(items.filter((item) => item.side === side));
  return [of(0), of(1)];
};

for (const keyed of [true, false]) {
  test(
    `exactly once: joined windows ${keyed ? 'of keys' : 'of all items'} are those of the whole input of both streams, through crashes at any moment`,
    LIMIT,
    async () => {
      await fc.assert(
        fc.asyncProperty(
          items,
          anyCrashes,
          anyBounds,
          anyShape,
          sources,
          async (items, crashes, bounds, [size, slide], from) => {
            const [results, late] = [new Destination(), new Destination()];
            const windows = WindowDefinition.sliding(size, slide);
            const pipelineOf = (): Pipeline => {
              const pipeline = Pipeline.create();
              const [one, other] = sidesOf(pipeline, items, from);
              const options = { lateItems: asText<TimedItem>(durableSink(late)) };
              const keyOf = ({ key }: TimedItem): string => key;
              const joined = keyed
                ? one
                    .groupingKey(keyOf)
                    .window(windows)
                    .aggregate2(numbers, other.groupingKey(keyOf), counting, options)
                : one.window(windows).aggregate2(numbers, other, counting, options);
              joined
                .setName('joined')
                .writeTo(asText(durableSink(results)))
                .setName('results');
              return pipeline;
            };
            await runThrough(crashes, { ...bounds, pipelineOf });
            const key = keyed ? ({ key }: TimedItem) => key : () => 'all';
            const expected = recomputed(items, { lag: from.two ? 1_000_000 : from.lag, size, slide }, key);
            const found = arrivedOf<Joined>(results).map(({ isEarly: _, ...one }) => ({
              ...one,
              key: one.key ?? 'all',
            }));
            assert.deepEqual(inOrder(found), expected.results);
            assert.deepEqual(
              arrivedOf<TimedItem>(late).map(({ n }) => n),
              expected.late,
            );
          },
        ),
        { numRuns: 100 },
      );
    },
  );
}

test(
  'exactly once: streams that are merged by their keys have one state for each, through crashes at any moment',
  LIMIT,
  async () => {
    await fc.assert(
      fc.asyncProperty(items, anyCrashes, anyBounds, async (items, crashes, bounds) => {
        const results = new Destination();
        const pipelineOf = (): Pipeline => {
          const pipeline = Pipeline.create();
          const [one, other] = sidesOf(pipeline, items, { two: true, lag: 0 });
          const names = other.map(({ key, n }) => ({ name: key, n }));
          one
            .groupingKey(({ key }) => key)
            .merge(names.groupingKey(({ name }) => name))
            .mapStateful(
              () => ({ one: 0, other: 0 }),
              (state, key, item) => {
                state['name' in item ? 'other' : 'one'] += 1;
                return { key, n: item.n, ...state };
              },
            )
            .setName('both')
            .writeTo(asText(durableSink(results)))
            .setName('results');
          return pipeline;
        };
        await runThrough(crashes, { ...bounds, pipelineOf });
        const counts = new Map<string, { one: number; other: number }>();
        const found = arrivedOf<{ key: string; n: number; one: number; other: number }>(results);
        for (const { key, n, ...count } of found) {
          const before = counts.get(key) ?? { one: 0, other: 0 };
          const side = items[n]?.side === 0 ? 'one' : 'other';
          assert.deepEqual(count, { ...before, [side]: before[side] + 1 }, `item ${n}`);
          counts.set(key, count);
        }
        assert.deepEqual(
          found.map(({ n }) => n).sort((a, b) => a - b),
          items.map(({ n }) => n),
        );
      }),
      { numRuns: 100 },
    );
  },
);
