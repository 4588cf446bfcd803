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
import { LIMIT } from '../support/limits.js';
import { arrivedOf, asText, type Crash, runThrough } from '../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';

interface Item {
  readonly key: string;
  readonly at: number;
  readonly n: number;
}

/** With the time of the stream at each: the highest so far, less the lag. */
const metBy = (items: readonly Item[], lag: number) => {
  let highest = Number.NEGATIVE_INFINITY;
  return items.map((item) => {
    highest = Math.max(highest, item.at);
    return { ...item, watermark: highest - lag };
  });
};

/** The windows of the whole input. */
const recomputed = (items: readonly Item[], lag: number, size: number, slide: number) => {
  const windows = new Map<string, { key: string; start: number; end: number; value: number[]; isEarly: false }>();
  for (const { key, at, n, watermark } of metBy(items, lag)) {
    const frame = Math.floor(at / slide) * slide;
    for (let end = frame + slide; end <= frame + size; end += slide) {
      if (end <= watermark) continue;
      const window = windows.get(`${key} ${end}`) ?? { key, start: end - size, end, value: [], isEarly: false };
      windows.set(`${key} ${end}`, window);
      window.value.push(n);
    }
  }
  return [...windows.values()].sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1));
};

const items = fc
  .array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), step: fc.nat({ max: 12 }), off: fc.nat({ max: 40 }) }), {
    maxLength: 60,
    size: 'max',
  })
  .map((steps) => {
    let time = -100;
    return steps.map(({ key, step, off }, n): Item => {
      time += step;
      return { key, at: time - off, n };
    });
  });
const crash = fc.constantFrom<Crash>(undefined, undefined, 'before the commit', 'behind the commit');
const crashes = fc.array(crash, { maxLength: 30 });
const bounds = fc.record({ maxItemsInFlight: fc.constantFrom(1, 3, 50), maxEntries: fc.constantFrom(0, 1, 100) });
const shapes = fc.constantFrom<[number, number]>([10, 10], [30, 10], [20, 5]);
const lags = fc.constantFrom(0, 15, 40);

const numbers = AggregateOperations.withCreate((): number[] => [])
  .andAccumulate((all, { n }: Item) => [...all, n])
  .andCombine((all, later) => [...all, ...later])
  .andDeduct((all, part) => all.filter((n) => !part.includes(n)))
  .andExport((all) => [...all].sort((a, b) => a - b));

test(
  'exactly once: windows of a job are those of its whole input, and late items come once, through crashes at any moment',
  LIMIT,
  async () => {
    await fc.assert(
      fc.asyncProperty(items, crashes, bounds, shapes, lags, async (items, crashes, bounds, [size, slide], lag) => {
        const [results, late] = [new Destination(), new Destination()];
        const pipelineOf = (): Pipeline => {
          const pipeline = Pipeline.create();
          pipeline
            .readFrom(TestSources.items(...items))
            .withTimestamps(({ at }) => at, lag)
            .map((item) => item)
            .groupingKey(({ key }) => key)
            .window(WindowDefinition.sliding(size, slide))
            .aggregate(numbers, { lateItems: asText<Item>(durableSink(late)) })
            .setName('windows')
            .writeTo(asText(durableSink(results)))
            .setName('results');
          return pipeline;
        };
        const job = await runThrough(crashes, { ...bounds, pipelineOf });
        const found = arrivedOf<KeyedWindowResult<string, number[]>>(results);
        const sorted = [...found].sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1));
        assert.deepEqual(sorted, recomputed(items, lag, size, slide));
        for (const key of ['a', 'b', 'c']) {
          const ends = found.filter((one) => one.key === key).map(({ end }) => end);
          assert.deepEqual(
            ends,
            [...ends].sort((a, b) => a - b),
            'the windows of a key in order',
          );
        }
        const tooLate = metBy(items, lag).filter(
          ({ at, watermark }) => Math.floor(at / slide) * slide + size <= watermark,
        );
        assert.deepEqual(
          arrivedOf<Item>(late).map(({ n }) => n),
          tooLate.map(({ n }) => n),
        );
        assert.ok(job.late >= tooLate.length);
      }),
      { numRuns: 150 },
    );
  },
);
