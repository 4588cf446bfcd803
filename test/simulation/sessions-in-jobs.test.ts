import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyedWindowResult, Pipeline, TestSources } from '../../src/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { anyCrashes, fewAtOnce } from '../support/rigs/any-crashes.js';
import { arrivedOf, asText, runThrough } from '../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';

interface Item {
  readonly key: string;
  readonly n: number;
}

const items = fc
  .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60, size: 'max' })
  .map((keys) => keys.map((key, n): Item => ({ key, n })));

test(
  'exactly once: sessions by the clock of the machine have each item once, in order, through crashes at any moment',
  LIMIT,
  async () => {
    await fc.assert(
      fc.asyncProperty(
        items,
        anyCrashes,
        fewAtOnce,
        fc.integer({ min: 1, max: 6 }),
        async (items, crashes, bounds, timeout) => {
          const results = new Destination();
          const pipelineOf = (): Pipeline => {
            const pipeline = Pipeline.create();
            pipeline
              .readFrom(TestSources.items(...items))
              .groupingKey(({ key }) => key)
              .sessionize(timeout)
              .setName('sessions')
              .writeTo(asText(durableSink(results)))
              .setName('results');
            return pipeline;
          };
          await runThrough(crashes, { ...bounds, pipelineOf });
          const found = arrivedOf<KeyedWindowResult<string, readonly Item[]>>(results);
          for (const key of ['a', 'b', 'c']) {
            const own = found.filter((session) => session.key === key);
            assert.deepEqual(
              own.flatMap(({ value }) => value),
              items.filter((item) => item.key === key),
            );
            for (const [index, { start, end, value }] of own.entries()) {
              assert.ok(value.length > 0 && end >= start + timeout);
              assert.ok(start >= (own[index - 1]?.end ?? 0), 'the key was silent between two of them');
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  },
);
