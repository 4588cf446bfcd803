import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSink } from '../../../../src/connector/index.js';
import { Engine, type Job, Pipeline, SinkBuilder, Sinks, SourceBuilder } from '../../../../src/index.js';
import { LIMIT } from '../../../support/limits.js';
import { Told } from '../../../support/told.js';

const ENDS: Readonly<Record<string, (job: Job, engine: Engine) => Promise<unknown>>> = {
  cancel: (job) => job.cancel(),
  drain: (job) => job.drain(),
  suspend: (job) => job.suspend(),
  shutdown: (_, engine) => engine.shutdown(),
};

const never = (): Promise<void> => new Promise(() => {});

const failing = (): never => {
  throw new Error('badly');
};

/** A job whose source and sink end so. */
const jobWith = (engine: Engine, name: string, destroyFn: () => Promise<void> | undefined): Job => {
  const source = SourceBuilder.stream(`${name}-source`, () => undefined)
    .fillBufferFn<number>(() => {})
    .destroyFn(destroyFn)
    .build();
  const sink = SinkBuilder.sinkBuilder(`${name}-sink`, () => undefined)
    .receiveFn<number>(() => {})
    .destroyFn(destroyFn)
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  return engine.newJob(pipeline, { name });
};

const partsOf = (told: Told): string[] =>
  told.events.map(({ data }) => (data as { part: string; error: { code: string } }).part);

test('a destroyFn that never settles keeps no job from ending, and is told', LIMIT, async () => {
  using told = new Told('close-failed');
  await Promise.all(
    Object.entries(ENDS).map(async ([how, end]) => {
      const engine = Engine.embedded();
      const job = jobWith(engine, how, never);
      await job.whenRunning();
      await end(job, engine);
      await job.cancel();
    }),
  );
  for (const how of Object.keys(ENDS)) {
    assert.ok(partsOf(told).includes(`source "${how}-source"`));
    assert.ok(partsOf(told).includes(`sink "${how}-sink"`));
  }
  for (const { data } of told.events) assert.equal((data as { error: { code: string } }).error.code, 'TIMEOUT');
});

test('what a destroyFn throws is told, and does not change how the job ends', LIMIT, async () => {
  using told = new Told('close-failed');
  const job = jobWith(Engine.embedded(), 'throws', failing);
  await job.whenRunning();
  await job.drain();
  await job.join();
  assert.deepEqual(partsOf(told), ['source "throws-source"', 'sink "throws-sink"']);
  for (const { data } of told.events) {
    const { error } = data as { error: { code: string; message: string } };
    assert.equal(error.code, 'USER_FUNCTION_FAILED');
    assert.match(error.message, /badly/);
  }
});

test('a sink of any kind that never closes keeps no job from ending', LIMIT, async () => {
  using told = new Told('close-failed');
  const noop = Sinks.noop();
  const sink = defineSink<number>({
    ...noop,
    name: 'hangs',
    createWriter: async (context) => {
      const writer = await noop.createWriter(context);
      return {
        write: (items) => writer.write(items),
        flush: () => writer.flush(),
        progress: () => writer.progress(),
        ready: () => writer.ready(),
        close: never,
      };
    },
  });
  const source = SourceBuilder.stream('quiet', () => undefined)
    .fillBufferFn<number>(() => {})
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  const job = Engine.embedded().newJob(pipeline);
  await job.whenRunning();
  await job.cancel();
  assert.deepEqual(partsOf(told), ['sink "hangs"']);
});
