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
import { arrivedOf, asText, type Crash, runThrough } from '../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';

interface Item {
  readonly side: 0 | 1;
  readonly key: string;
  readonly at: number;
  readonly n: number;
}

const MOST_OFF = 40;
const items = fc
  .array(
    fc.record({
      side: fc.constantFrom<0 | 1>(0, 1),
      key: fc.constantFrom('a', 'b', 'c'),
      step: fc.nat({ max: 12 }),
      off: fc.nat({ max: MOST_OFF }),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((steps) => {
    let time = -100;
    return steps.map(({ side, key, step, off }, n): Item => {
      time += step;
      return { side, key, at: time - off, n };
    });
  });
const crash = fc.constantFrom<Crash>(undefined, undefined, 'before the commit', 'behind the commit');
const crashes = fc.array(crash, { maxLength: 30 });
const bounds = fc.record({ maxItemsInFlight: fc.constantFrom(1, 3, 50), maxEntries: fc.constantFrom(0, 1, 100) });
const shapes = fc.constantFrom<[number, number]>([10, 10], [30, 10], [20, 5]);
/** One source for both sides: the time at each item is known. Two: nothing is late, since what is out of order is less than the lag. */
const sources = fc.constantFrom({ two: true, lag: MOST_OFF }, ...[0, 15, 40].map((lag) => ({ two: false, lag })));

const numbers = AggregateOperations.withCreate((): number[] => [])
  .andAccumulate((all, { n }: Item) => [...all, n])
  .andCombine((all, later) => [...all, ...later])
  .andDeduct((all, part) => all.filter((n) => !part.includes(n)))
  .andExport((all) => [...all].sort((a, b) => a - b));
const counting = AggregateOperations.counting();

type Joined = KeyedWindowResult<string, BothSides<readonly number[], number>>;

interface Setting {
  readonly lag: number;
  readonly size: number;
  readonly slide: number;
}

/** The windows of the whole input, and what is too late for all of them. */
const recomputed = (items: readonly Item[], { lag, size, slide }: Setting, keyOf: (item: Item) => string) => {
  const windows = new Map<string, { key: string; start: number; end: number; items: Item[] }>();
  const late: number[] = [];
  let highest = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    highest = Math.max(highest, item.at);
    const frame = Math.floor(item.at / slide) * slide;
    if (frame + size <= highest - lag) late.push(item.n);
    for (let end = frame + slide; end <= frame + size; end += slide) {
      if (end <= highest - lag) continue;
      const id = `${keyOf(item)} ${end}`;
      const window = windows.get(id) ?? { key: keyOf(item), start: end - size, end, items: [] };
      windows.set(id, window);
      window.items.push(item);
    }
  }
  const results = [...windows.values()].map(({ items, ...window }) => {
    const [one, other] = [0, 1].map((side) => items.filter((item) => item.side === side).map(({ n }) => n));
    return { ...window, value: [(one ?? []).sort((a, b) => a - b), other?.length ?? 0] };
  });
  return { results: results.sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1)), late };
};

/** Both sides, with the time that they have. */
const sidesOf = (
  pipeline: Pipeline,
  items: readonly Item[],
  { two, lag }: { readonly two: boolean; readonly lag: number },
): readonly [Stage<Item, true>, Stage<Item, true>] => {
  const read = (some: readonly Item[]): Stage<Item, true> =>
    pipeline.readFrom(TestSources.items(...some)).withTimestamps(({ at }) => at, lag);
  const all = two ? undefined : read(items);
  const of = (side: number): Stage<Item, true> =>
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
          crashes,
          bounds,
          shapes,
          sources,
          async (items, crashes, bounds, [size, slide], from) => {
            const [results, late] = [new Destination(), new Destination()];
            const windows = WindowDefinition.sliding(size, slide);
            const pipelineOf = (): Pipeline => {
              const pipeline = Pipeline.create();
              const [one, other] = sidesOf(pipeline, items, from);
              const options = { lateItems: asText<Item>(durableSink(late)) };
              const keyOf = ({ key }: Item): string => key;
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
            const key = keyed ? ({ key }: Item) => key : () => 'all';
            const expected = recomputed(items, { lag: from.two ? 1_000_000 : from.lag, size, slide }, key);
            const found = arrivedOf<Joined>(results).map(({ isEarly: _, ...one }) => ({
              ...one,
              key: one.key ?? 'all',
            }));
            assert.deepEqual(
              found.sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1)),
              expected.results,
            );
            assert.deepEqual(
              arrivedOf<Item>(late).map(({ n }) => n),
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
      fc.asyncProperty(items, crashes, bounds, async (items, crashes, bounds) => {
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
