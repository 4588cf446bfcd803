import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type KeyedWindowResult, Pipeline, TestSources, WindowDefinition } from '../../src/index.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { type PlainItem, PlainWindows } from '../support/plain-windows.js';
import { anyBounds, anyCrashes } from '../support/rigs/any-crashes.js';
import { arrivedOf, asText, runThrough } from '../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';
import { listing, timedItems } from '../support/timed-items.js';

/*
 * Two sources that end at different times meet, their items are gathered in windows, and the results of these in longer windows. Nothing is late,
 * so whatever the turns of the sources, the bounds and the crashes are, all is as by a recomputation of the whole input.
 */

const RUNS = howMany({ sample: 100, full: 2000 });
const LAG = 30;
const LONG = 60;
const FOREVER = Number.POSITIVE_INFINITY;

const aCase = fc.record({
  one: timedItems({ maxLength: 40, mostOff: LAG - 1 }),
  other: timedItems({ maxLength: 40, mostOff: LAG - 1, first: 1000 }),
  crashes: anyCrashes,
  bounds: anyBounds,
  windows: fc.constantFrom(WindowDefinition.tumbling(10), WindowDefinition.sliding(20, 5), WindowDefinition.session(8)),
});

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
