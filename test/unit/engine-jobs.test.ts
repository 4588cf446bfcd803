import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine, Pipeline, Sinks, TestSources } from '../../src/index.js';

const run = async (build: (pipeline: Pipeline) => void): Promise<void> => {
  const pipeline = Pipeline.create();
  build(pipeline);
  await Engine.embedded().newJob(pipeline).join();
};

test('a batch job runs every item through its stages and completes', { timeout: 5000 }, async () => {
  const out: string[] = [];
  await run((pipeline) => {
    pipeline
      .readFrom(TestSources.items(1, 2, 3, 4))
      .filter((n) => n !== 2)
      .flatMap((n) => [n, -n])
      .mapAsync(async (n) => n * 10)
      .map(String)
      .writeTo(Sinks.list(out));
  });
  assert.deepEqual(out, ['10', '-10', '30', '-30', '40', '-40']);
});
