import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pipeline, type Stage, TestSources } from '../../../../../src/index.js';
import { compilePipeline } from '../../../../../src/pipeline/compile/compile-pipeline.js';
import { Sinks } from '../../../../../src/pipeline/index.js';

/** Branches that part and meet again, so many times. */
const diamonds = (start: Stage<number>, count: number): Stage<number> => {
  let stage = start;
  for (let made = 0; made < count; made += 1) stage = stage.filter((item) => item > 0).merge(stage.filter(() => false));
  return stage;
};

test('a pipeline whose branches meet again and again is compiled at once', () => {
  const pipeline = Pipeline.create();
  const source = pipeline.readFrom(TestSources.items(1));
  diamonds(source, 60).writeTo(Sinks.noop());
  const startMs = performance.now();
  const { sources } = compilePipeline(pipeline.toGraph());
  assert.equal(sources.length, 1);
  // looked at path by path, it would not come to an end
  assert.ok(performance.now() - startMs < 30_000);
});

test('a stage behind a mapAsync stage has no part in what is undone before it', () => {
  const pipeline = Pipeline.create();
  const fail = (): never => {
    throw new Error('at every item');
  };
  pipeline
    .readFrom(TestSources.items(1))
    .map((item) => item)
    .mapAsync((item) => item)
    .map(fail, { onError: 'skip' })
    .writeTo(Sinks.noop());
  const { sources, asyncStages } = compilePipeline(pipeline.toGraph());
  const limits = { budget: 100, pauseAfter: 100 };
  assert.deepEqual(sources[0]?.fragment.run([1, 2], 0, limits).rejected, []);
  const { next, failure, rejected } = asyncStages[0]?.fragment.run([1, 2], 0, limits) ?? assert.fail('it is compiled');
  assert.deepEqual([next, failure], [2, undefined]);
  assert.deepEqual(rejected.map(({ index, stage, item }) => [index, stage, item]), [[0, 'map-2', 1], [1, 'map-2', 2]]); // biome-ignore format: one line
});
