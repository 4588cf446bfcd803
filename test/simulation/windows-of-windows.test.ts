import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  AggregateOperations,
  type KeyedWindowResult,
  Pipeline,
  TestSources,
  WindowDefinition,
} from '../../src/index.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { type PlainItem, PlainWindows } from '../support/plain-windows.js';
import { arrivedOf, asText, type Crash, runThrough } from '../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';

/*
 * Two sources that end at different times meet, their items are gathered in windows, and the results of these in longer windows. Nothing is late,
 * so whatever the turns of the sources, the bounds and the crashes are, all is as by a recomputation of the whole input.
 */

const RUNS = howMany({ sample: 100, full: 2000 });
const LAG = 30;
const LONG = 60;
const FOREVER = Number.POSITIVE_INFINITY;

const itemsFrom = (first: number) =>
  fc
    .array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), step: fc.nat({ max: 12 }), off: fc.nat({ max: LAG - 1 }) }),
      {
        maxLength: 40,
        size: 'max',
      },
    )
    .map((steps) => {
      let time = -100;
      return steps.map(({ key, step, off }, index): PlainItem => {
        time += step;
        return { key, at: time - off, n: first + index };
      });
    });
const crash = fc.constantFrom<Crash>(undefined, undefined, 'before the commit', 'behind the commit');
const aCase = fc.record({
  one: itemsFrom(0),
  other: itemsFrom(1000),
  crashes: fc.array(crash, { maxLength: 30 }),
  bounds: fc.record({ maxItemsInFlight: fc.constantFrom(1, 3, 50), maxEntries: fc.constantFrom(0, 1, 100) }),
  windows: fc.constantFrom(WindowDefinition.tumbling(10), WindowDefinition.sliding(20, 5), WindowDefinition.session(8)),
});

const listing = <T>(nameOf: (item: T) => string) =>
  AggregateOperations.withCreate((): string[] => [])
    .andAccumulate((all, item: T) => [...all, nameOf(item)])
    .andCombine((all, later) => [...all, ...later])
    .andDeduct((all, part) => all.filter((name) => !part.includes(name)))
    .andExport((all) => [...all].sort());

type Result = Pick<KeyedWindowResult<string, readonly string[]>, 'key' | 'start' | 'end' | 'value'>;

/** What of a result goes into the longer windows. */
const nameOf = ({ key, end, value }: Result): string => `${key} ${end} ${value}`;

const recomputed = (items: readonly PlainItem[], windows: WindowDefinition) => {
  const short = new PlainWindows(windows.shape, FOREVER);
  for (const item of items) short.take(item);
  const results = short
    .all()
    .map(({ key, start, end, numbers }): Result => ({ key, start, end, value: numbers.map(String).sort() }));
  const long = new PlainWindows({ kind: 'sliding', size: LONG, slide: LONG }, FOREVER);
  for (const [n, { end }] of results.entries()) long.take({ key: 'all', at: end - 1, n });
  const longResults = long.all().map(
    ({ key, start, end, numbers }): Result => ({
      key,
      start,
      end,
      value: numbers.map((n) => nameOf(results[n] ?? assert.fail())).sort(),
    }),
  );
  return [...results, ...longResults];
};

const inOrder = (results: readonly Result[]): readonly Result[] =>
  [...results].sort((a, b) => a.end - b.end || a.start - b.start || (nameOf(a) < nameOf(b) ? -1 : 1));

test(
  'windows of two sources, and windows of these, are those of the whole input through crashes at any moment',
  LIMIT,
  async () => {
    await fc.assert(
      fc.asyncProperty(aCase, async ({ one, other, crashes, bounds, windows }) => {
        const destination = new Destination();
        const pipelineOf = (): Pipeline => {
          const pipeline = Pipeline.create();
          const [first, second] = [one, other].map((items, index) =>
            pipeline
              .readFrom(TestSources.items(...items))
              .setName(`source ${index}`)
              .withTimestamps(({ at }) => at, LAG),
          );
          assert.ok(first && second);
          const short = first
            .merge(second)
            .groupingKey(({ key }) => key)
            .window(windows)
            .aggregate(listing(({ n }: PlainItem) => String(n)))
            .setName('short');
          const long = short
            .groupingKey(() => 'all')
            .window(WindowDefinition.tumbling(LONG))
            .aggregate(listing(nameOf))
            .setName('long');
          short
            .merge(long)
            .writeTo(asText(durableSink(destination)))
            .setName('results');
          return pipeline;
        };
        await runThrough(crashes, { ...bounds, pipelineOf });
        const found = arrivedOf<Result & { isEarly: boolean }>(destination).map(({ isEarly: _, ...result }) => result);
        for (const key of ['a', 'b', 'c', 'all']) {
          const ends = found.filter((result) => result.key === key).map(({ end }) => end);
          assert.deepEqual(
            ends,
            [...ends].sort((x, y) => x - y),
            `the windows of ${key} in order`,
          );
        }
        assert.deepEqual(inOrder(found), inOrder(recomputed([...one, ...other], windows)));
      }),
      { numRuns: RUNS },
    );
  },
);
