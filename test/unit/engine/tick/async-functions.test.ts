import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine, MillraceError, Pipeline, Sinks, type Stage, TestSources } from '../../../../src/index.js';
import { LIMIT } from '../../../support/limits.js';

// What JavaScript lets through; the types refuse it.
const untyped = (fn: (item: number) => Promise<unknown>): never => fn as never;

test('an async map, filter, flatMap or peek fails the job at its stage and names mapAsync', LIMIT, async () => {
  const cases: readonly [string, (stage: Stage<number>) => Stage<unknown>][] = [
    ['map', (stage) => stage.map(untyped(() => Promise.reject(new Error('lost'))))],
    ['peek', (stage) => stage.peek(untyped(() => Promise.reject(new Error('lost'))))],
    ['filter', (stage) => stage.filter(untyped(async () => false))],
    ['flatMap', (stage) => stage.flatMap(untyped(() => Promise.reject(new Error('lost'))))],
    // of many, too: behind it a promise would be an item
    ['flatMap', (stage) => stage.flatMap((item) => [Promise.reject(new Error(`lost ${item}`))])],
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

test(
  'an async createFn of itemStream and an async toStringFn of logger fail the job by their names',
  LIMIT,
  async () => {
    const lost = untyped(() => Promise.reject(new Error('lost')));
    const cases = [
      [/itemStream/, TestSources.itemStream(1000, lost), Sinks.noop()],
      [/logger/, TestSources.items(1), Sinks.logger(lost)],
    ] as const;
    for (const [message, source, sink] of cases) {
      const pipeline = Pipeline.create();
      pipeline.readFrom<unknown>(source).writeTo(sink);
      await assert.rejects(Engine.embedded().newJob(pipeline).join(), { code: 'USER_FUNCTION_FAILED', message });
    }
  },
);
