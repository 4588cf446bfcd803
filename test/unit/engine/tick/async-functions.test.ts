import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine, MillraceError, Pipeline, Sinks, type Stage, TestSources } from '../../../../src/index.js';
import { LIMIT } from '../../../support/limits.js';

// What JavaScript lets through; the types refuse it.
const untyped = (fn: (item: number) => Promise<unknown>): never => fn as never;

test('an async filter or flatMap fails the job at its stage and names mapAsync', LIMIT, async () => {
  const cases: readonly [string, (stage: Stage<number>) => Stage<unknown>][] = [
    ['filter', (stage) => stage.filter(untyped(async () => false))],
    ['flatMap', (stage) => stage.flatMap(untyped(() => Promise.reject(new Error('lost'))))],
  ];
  for (const [name, add] of cases) {
    const out: unknown[] = [];
    const pipeline = Pipeline.create();
    add(pipeline.readFrom(TestSources.items(1))).writeTo(Sinks.list(out));
    await assert.rejects(Engine.embedded().newJob(pipeline).join(), (error) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'USER_FUNCTION_FAILED');
      assert.equal(error.details.stage, name);
      assert.match(error.advice ?? '', /mapAsync/);
      return true;
    });
    assert.deepEqual(out, []);
  }
});
