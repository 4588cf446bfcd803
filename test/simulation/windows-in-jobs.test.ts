import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyedWindowResult, Pipeline, type StateCodec, TestSources, WindowDefinition } from '../../src/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { type PlainItem, PlainWindows } from '../support/plain-windows.js';
import { anyBounds, anyCrashes } from '../support/rigs/any-crashes.js';
import { arrivedOf, asText, runThrough } from '../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';
import { anyShape, inOrder, listing, timedItems } from '../support/timed-items.js';

const items = timedItems({ maxLength: 60, mostOff: 40 });
const lags = fc.constantFrom(0, 15, 40);

/** So large that the panes of a key stand in parts, mostly. */
const padded: StateCodec<number[]> = {
  version: 0,
  encode: (numbers) => Buffer.from(JSON.stringify(numbers).padEnd(400)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as number[],
};
const codecs = fc.constantFrom(undefined, padded);

/** The windows of the whole input, and what is too late for all of them. */
const recomputed = (items: readonly PlainItem[], lag: number, size: number, slide: number) => {
  const windows = new PlainWindows({ kind: 'sliding', size, slide }, lag);
  for (const item of items) windows.take(item);
  const results = windows.all().map(({ numbers, ...window }) => ({ ...window, value: numbers, isEarly: false }));
  return { results: inOrder(results), late: windows.late.map(({ n }) => n) };
};

test(
  'exactly once: windows of a job are those of its whole input, and late items come once, through crashes at any moment',
  LIMIT,
  async () => {
    await fc.assert(
      fc.asyncProperty(
        items,
        anyCrashes,
        anyBounds,
        anyShape,
        lags,
        codecs,
        async (items, crashes, bounds, [size, slide], lag, codec) => {
          const [results, late] = [new Destination(), new Destination()];
          const pipelineOf = (): Pipeline => {
            const pipeline = Pipeline.create();
            pipeline
              .readFrom(TestSources.items(...items))
              .withTimestamps(({ at }) => at, lag)
              .map((item) => item)
              .groupingKey(({ key }) => key)
              .window(WindowDefinition.sliding(size, slide))
              .aggregate(
                listing(({ n }: PlainItem) => n),
                { lateItems: asText<PlainItem>(durableSink(late)), ...(codec && { codec }) },
              )
              .setName('windows')
              .writeTo(asText(durableSink(results)))
              .setName('results');
            return pipeline;
          };
          const job = await runThrough(crashes, { ...bounds, pipelineOf });
          const found = arrivedOf<KeyedWindowResult<string, number[]>>(results);
          const expected = recomputed(items, lag, size, slide);
          assert.deepEqual(inOrder(found), expected.results);
          for (const key of ['a', 'b', 'c']) {
            const ends = found.filter((one) => one.key === key).map(({ end }) => end);
            assert.deepEqual(
              ends,
              [...ends].sort((a, b) => a - b),
              'the windows of a key in order',
            );
          }
          assert.deepEqual(
            arrivedOf<PlainItem>(late).map(({ n }) => n),
            expected.late,
          );
          assert.ok(job.late >= expected.late.length);
        },
      ),
      { numRuns: 150 },
    );
  },
);
