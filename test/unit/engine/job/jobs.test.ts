import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DeadLetter, defineSink, defineSource } from '../../../../src/connector/index.js';
import {
  Engine,
  type ErrorCode,
  type JobEvent,
  MillraceError,
  PermanentError,
  Pipeline,
  type ProcessingGuarantee,
  SinkBuilder,
  Sinks,
  TestSources,
} from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { MetricsRegistry } from '../../../../src/metrics/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

const failsWith =
  (code: ErrorCode, details: Readonly<Record<string, unknown>> = {}) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof MillraceError, String(error));
    assert.equal(error.code, code, error.message);
    for (const [key, value] of Object.entries(details)) assert.deepEqual(error.details[key], value);
    return true;
  };

const copy = <T>(manual: ManualSource<T>, out: T[] = []): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(manual.source).writeTo(Sinks.list(out));
  return pipeline;
};

test('a batch job runs every item through its stages and completes', LIMIT, async () => {
  const out: string[] = [];
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(1, 2, 3, 4))
    .filter((n) => n !== 2)
    .flatMap((n) => [n, -n])
    .mapAsync(async (n) => n * 10)
    .map(String)
    .writeTo(Sinks.list(out));
  const job = Engine.embedded().newJob(pipeline);
  await job.join();
  assert.equal(job.status, 'COMPLETED');
  assert.deepEqual(out, ['10', '-10', '30', '-30', '40', '-40']);
});

test('a batch without items completes', LIMIT, async () => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.items()).writeTo(Sinks.noop());
  await Engine.embedded().newJob(pipeline).join();
});

test('several sources, merged and fanned out, reach several sinks', LIMIT, async () => {
  const all: (number | string)[] = [];
  const doubled: number[] = [];
  const pipeline = Pipeline.create();
  const numbers = pipeline.readFrom(TestSources.items(1, 2)).withoutTimestamps();
  const words = pipeline.readFrom(TestSources.items('a', 'b'));
  numbers.merge(words).writeTo(Sinks.list(all));
  numbers.map((n) => n * 2).writeTo(Sinks.list(doubled));
  await Engine.embedded().newJob(pipeline).join();
  assert.deepEqual(
    all.filter((item) => typeof item === 'number'),
    [1, 2],
  );
  assert.deepEqual(
    all.filter((item) => typeof item === 'string'),
    ['a', 'b'],
  );
  assert.deepEqual(doubled, [2, 4]);
});

test('a job goes through the states of Jet', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const events: JobEvent[] = [];
  const job = Engine.embedded().newJob(copy(manual), { onEvent: (event) => events.push(event) });
  await job.whenRunning();
  assert.equal(await job.suspend(), true);
  assert.equal(job.status, 'SUSPENDED');
  await job.resume();
  await job.restart();
  manual.end();
  await job.join();
  assert.deepEqual(
    events.map((event) => (event.kind === 'status' ? event.status : event.kind)),
    [
      'STARTING',
      'RUNNING',
      'SUSPENDED',
      'STARTING',
      'RUNNING',
      'NOT_RUNNING',
      'STARTING',
      'RUNNING',
      'COMPLETING',
      'COMPLETED',
    ],
  );
  assert.equal(manual.opened, 3);
  assert.equal(manual.closed, 3);
});

test('a suspended job goes on behind what it acknowledged', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const out: number[] = [];
  const job = Engine.embedded().newJob(copy(manual, out));
  await job.whenRunning();
  manual.push(1, 2, 3);
  await until(() => manual.acknowledged === 3, { what: 'acknowledged' });
  await job.suspend();
  manual.push(4, 5);
  await job.resume();
  await until(() => manual.acknowledged === 5, { what: 'acknowledged' });
  assert.equal(await job.drain(), true);
  await job.join();
  assert.deepEqual(out, [1, 2, 3, 4, 5]);
});

test('cancel fails the job with ABORTED, closes everything and acknowledges nothing more', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const job = Engine.embedded().newJob(copy(manual));
  await job.whenRunning();
  await job.cancel();
  assert.equal(job.status, 'FAILED');
  assert.equal(manual.closed, 1);
  await assert.rejects(job.join(), failsWith('ABORTED'));
  await job.cancel();
});

test('a suspended job can be cancelled', LIMIT, async () => {
  const job = Engine.embedded().newJob(copy(new ManualSource<number>()));
  await job.suspend();
  await job.cancel();
  await assert.rejects(job.join(), failsWith('ABORTED'));
});

test('aborting the signal cancels the job, even before it started', LIMIT, async () => {
  const abort = new AbortController();
  const job = Engine.embedded().newJob(copy(new ManualSource<number>()), { signal: abort.signal });
  await job.whenRunning();
  abort.abort();
  await assert.rejects(job.join(), failsWith('ABORTED'));
  const second = Engine.embedded().newJob(copy(new ManualSource<number>()), { signal: AbortSignal.abort() });
  await assert.rejects(second.whenRunning(), failsWith('ABORTED'));
  await assert.rejects(second.join(), failsWith('ABORTED'));
});

test('what a state does not allow is refused', LIMIT, async () => {
  const job = Engine.embedded().newJob(copy(new ManualSource<number>()));
  await job.whenRunning();
  await assert.rejects(job.resume(), failsWith('INVALID_STATE'));
  await job.suspend();
  await assert.rejects(job.restart(), failsWith('INVALID_STATE'));
  await job.drain();
  await assert.rejects(job.suspend(), failsWith('INVALID_STATE'));
  assert.equal(await job.drain(), true);
});

test(
  'a stage that throws fails the job at that item; those before it are delivered and acknowledged',
  LIMIT,
  async () => {
    const manual = new ManualSource<number>();
    const out: number[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(manual.source)
      .flatMap(function* (n) {
        yield n;
        if (n === 30) throw new Error('thirty');
        yield n + 1;
      })
      .setName('explode')
      .writeTo(Sinks.list(out));
    const job = Engine.embedded().newJob(pipeline);
    manual.push(10, 20, 30, 40);
    await assert.rejects(
      job.join(),
      failsWith('USER_FUNCTION_FAILED', { stage: 'explode', position: 2, source: 'manual' }),
    );
    assert.deepEqual(out, [10, 11, 20, 21]);
    assert.equal(manual.acknowledged, 2);
  },
);

test('a rejected mapAsync fails the job at that item, after the results before it', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const out: number[] = [];
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(manual.source)
    .filter((n) => n !== 1)
    .mapAsync(async (n) => {
      if (n === 3) throw new Error('three');
      return n;
    })
    .writeTo(Sinks.list(out));
  const job = Engine.embedded().newJob(pipeline);
  manual.push(1, 2, 3, 4);
  await assert.rejects(job.join(), failsWith('USER_FUNCTION_FAILED', { stage: 'mapAsync', position: 2 }));
  assert.deepEqual(out, [2]);
  assert.equal(manual.acknowledged, 0);
});

test('mapAsync keeps order, and never runs more calls than it may', LIMIT, async () => {
  const out: number[] = [];
  let running = 0;
  let most = 0;
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(...Array.from({ length: 50 }, (_, index) => index)))
    .mapAsync(
      async (n) => {
        running += 1;
        most = Math.max(most, running);
        for (let turn = 0; turn < (n * 7) % 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return n;
      },
      { maxConcurrency: 4 },
    )
    .writeTo(Sinks.list(out));
  await Engine.embedded().newJob(pipeline).join();
  assert.deepEqual(
    out,
    Array.from({ length: 50 }, (_, index) => index),
  );
  assert.equal(most, 4);
});

test('the signal of mapAsync aborts when the job is cancelled', LIMIT, async () => {
  const aborted = deferred<void>();
  const called = deferred<void>();
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(1))
    .mapAsync((_, signal) => {
      signal.addEventListener('abort', () => aborted.resolve());
      called.resolve();
      return aborted.promise;
    })
    .writeTo(Sinks.noop());
  const job = Engine.embedded().newJob(pipeline);
  await called.promise;
  await job.cancel();
  await aborted.promise;
});

test('a slow sink stops polling at the bound, and a drain that takes too long says so', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const stuck = deferred<void>();
  const sink = SinkBuilder.sinkBuilder('stuck', () => undefined)
    .receiveFn<number>(() => stuck.promise)
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(manual.source).writeTo(sink);
  const job = Engine.embedded().newJob(pipeline, { maxItemsInFlight: 100, drainTimeoutMs: 50 });
  await job.whenRunning();
  manual.push(...Array.from({ length: 1000 }, (_, index) => index));
  await until(() => job.metrics().itemsInFlight === 100, { what: 'a full machine' });
  assert.equal(manual.mostInFlight, 100);
  assert.equal(await job.drain(), false);
  assert.equal(manual.acknowledged, 0);
  stuck.resolve();
  await job.join();
});

test('the guarantee none acknowledges on receipt, at-least-once after delivery', LIMIT, async () => {
  const acknowledged = async (processingGuarantee: ProcessingGuarantee): Promise<number> => {
    const manual = new ManualSource<number>();
    const gate = deferred<void>();
    const received = deferred<void>();
    const sink = SinkBuilder.sinkBuilder('gate', () => undefined)
      .receiveFn<number>(() => {
        received.resolve();
        return gate.promise;
      })
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(manual.source).writeTo(sink);
    const job = Engine.embedded().newJob(pipeline, { processingGuarantee });
    manual.push(1, 2, 3);
    await received.promise;
    const { acknowledged: early } = manual;
    gate.resolve();
    await job.drain();
    assert.equal(manual.acknowledged, 3);
    return early;
  };
  assert.equal(await acknowledged('none'), 3);
  assert.equal(await acknowledged('at-least-once'), 0);
});

test('guarantees that cannot be given are refused with the ways out', () => {
  const engine = Engine.embedded();
  const refusal = new MillraceError('GUARANTEE_UNSUPPORTED', 'no');
  assert.throws(
    () => engine.newJob(copy(new ManualSource()), { processingGuarantee: 'exactly-once' }),
    (error) => {
      failsWith('GUARANTEE_UNSUPPORTED')(error);
      return error instanceof MillraceError && (error.advice?.includes('at-least-once') ?? false);
    },
  );
  const refusing = new ManualSource<number>({ refuse: (guarantee) => (guarantee === 'none' ? undefined : refusal) });
  assert.throws(() => engine.newJob(copy(refusing), { processingGuarantee: 'at-least-once' }), refusal);
  assert.equal(engine.jobs.length, 0);
});

test('two parts of a job that claim the same session are refused', () => {
  const one = new ManualSource<number>({ name: 'one', claims: ['tcp://broker consumer'] });
  const two = new ManualSource<number>({ name: 'two', claims: ['tcp://broker consumer'] });
  const pipeline = Pipeline.create();
  pipeline.readFrom(one.source).merge(pipeline.readFrom(two.source)).writeTo(Sinks.noop());
  assert.throws(
    () => Engine.embedded().newJob(pipeline),
    failsWith('DUPLICATE_SESSION', { first: 'one', second: 'two' }),
  );
});

test('two jobs of an engine that claim the same session are refused until the first has ended', LIMIT, async () => {
  const claiming = (name: string) => new ManualSource<number>({ name, claims: ['broker twin'], claimScope: 'engine' });
  const engine = Engine.embedded();
  const first = engine.newJob(copy(claiming('reads')), { name: 'first' });
  const second = () => engine.newJob(copy(claiming('too')), { name: 'second' });
  const whose = { first: { job: 'first', part: 'reads' }, second: { job: 'second', part: 'too' } };
  assert.throws(second, failsWith('DUPLICATE_SESSION', { claim: 'broker twin', ...whose }));
  await first.suspend();
  assert.throws(second, failsWith('DUPLICATE_SESSION'));
  assert.deepEqual(engine.jobs, [first]);
  await first.cancel();
  await second().drain();
  await engine.newJob(copy(claiming('again')), { name: 'third' }).drain();
});

test('what a part claims in its job alone, parts of two jobs may both claim', LIMIT, async () => {
  const engine = Engine.embedded();
  const claiming = () => copy(new ManualSource<number>({ claims: ['file letters'] }));
  await Promise.all([engine.newJob(claiming()).drain(), engine.newJob(claiming()).drain()]);
});

test('a name is taken until its job has ended', LIMIT, async () => {
  const engine = Engine.embedded();
  const job = engine.newJob(copy(new ManualSource()), { name: 'same' });
  assert.equal(engine.getJob('same'), job);
  assert.throws(() => engine.newJob(copy(new ManualSource()), { name: 'same' }), failsWith('INVALID_STATE'));
  await job.drain();
  assert.equal(engine.getJob('same'), undefined);
  await engine.newJob(copy(new ManualSource()), { name: 'same' }).drain();
});

test('shutdown drains every job and refuses new ones', LIMIT, async () => {
  const engine = Engine.embedded();
  const first = engine.newJob(copy(new ManualSource()));
  const second = engine.newJob(copy(new ManualSource()));
  await second.suspend();
  await engine.shutdown();
  assert.deepEqual([first.status, second.status, engine.jobs.length], ['COMPLETED', 'COMPLETED', 0]);
  assert.throws(() => engine.newJob(copy(new ManualSource())), failsWith('INVALID_STATE'));
});

test('a source or sink that cannot open fails the job, and what had opened is closed', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const refused = new MillraceError('NOT_AUTHORIZED', 'not authorized');
  const broken = defineSource<number>({ ...manual.source, createReader: () => Promise.reject(refused) });
  const pipeline = Pipeline.create();
  pipeline.readFrom(manual.source).merge(pipeline.readFrom(broken)).writeTo(Sinks.noop());
  const job = Engine.embedded().newJob(pipeline);
  await assert.rejects(job.whenRunning(), refused);
  await assert.rejects(job.join(), refused);
  assert.equal(manual.closed, manual.opened);
});

test('a source that fails ends the job with its error, and what it gave before is delivered', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const out: number[] = [];
  const job = Engine.embedded().newJob(copy(manual, out));
  await job.whenRunning();
  manual.push(1, 2);
  await until(() => manual.acknowledged === 2, { what: 'acknowledged' });
  manual.fail(new MillraceError('CONNECTION_LOST', 'gone'));
  await assert.rejects(job.join(), failsWith('CONNECTION_LOST'));
  assert.deepEqual(out, [1, 2]);
});

test('a sink that fails ends the job, and what it had not confirmed is not acknowledged', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const sink = SinkBuilder.sinkBuilder('strict', () => undefined)
    .receiveFn<number>((_, n) => {
      if (n === 2) throw new PermanentError('two');
    })
    .flushFn(() => {})
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(manual.source).writeTo(sink);
  const job = Engine.embedded().newJob(pipeline);
  manual.push(1, 2, 3);
  await assert.rejects(job.join(), failsWith('USER_FUNCTION_FAILED'));
  assert.equal(manual.acknowledged, 0);
});

test('a rejected item goes to the dead-letter sink before its input is acknowledged', LIMIT, async () => {
  const gate = deferred<void>();
  const letters: string[] = [];
  const deadLetter = SinkBuilder.sinkBuilder('letters', () => undefined)
    .receiveFn<DeadLetter>(async (_, letter) => {
      letters.push(String(letter.attributes.topic ?? ''));
      await gate.promise;
    })
    .build();
  const manual = new ManualSource<number>();
  const rejecting = defineSink<number>({
    name: 'rejecting',
    claims: [],
    refuse: () => undefined,
    onError: { deadLetter },
    createWriter: async () => {
      let written = 0;
      let ready = deferred<void>();
      let rejected: { index: number; letter: DeadLetter }[] = [];
      return {
        write: (items) => {
          rejected.push(...items.map((item, index) => ({ index: written + index, letter: letterOf(String(item)) })));
          written += items.length;
          return items.length;
        },
        flush: () => ready.resolve(),
        progress: () => {
          const now = rejected;
          rejected = [];
          return { delivered: written, rejected: now };
        },
        ready: () => {
          ready = deferred();
          if (rejected.length > 0) ready.resolve();
          return ready.promise;
        },
        close: async () => {},
      };
    },
  });
  const pipeline = Pipeline.create();
  pipeline.readFrom(manual.source).writeTo(rejecting);
  const job = Engine.embedded().newJob(pipeline);
  manual.push(1, 2);
  await until(() => letters.length > 0, { what: 'a letter' });
  assert.equal(manual.acknowledged, 0);
  gate.resolve();
  await until(() => manual.acknowledged === 2, { what: 'acknowledged' });
  assert.deepEqual(letters, ['1', '2']);
  assert.equal(job.metrics().itemsDeadLettered, 2);
  await job.drain();
});

const letterOf = (topic: string): DeadLetter => ({
  payload: undefined,
  attributes: { topic, properties: undefined },
  error: new MillraceError('INVALID_MESSAGE', 'no'),
  attempt: 1,
  timestampMs: 0,
  origin: 'rejecting',
});

test('job.metrics counts over restarts and shows the registry', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const job = Engine.embedded().newJob(copy(manual), { name: 'counted' });
  manual.push(1, 2);
  await job.whenRunning();
  await until(() => manual.acknowledged === 2, { what: 'acknowledged' });
  await job.restart();
  manual.push(3);
  await until(() => manual.acknowledged === 3, { what: 'acknowledged' });
  const { itemsReceived, itemsAcknowledged, itemsDelivered, samples } = job.metrics();
  assert.deepEqual([itemsReceived, itemsAcknowledged, itemsDelivered], [3, 3, 3]);
  assert.ok(
    samples.some(({ name, labels }) => name === 'millrace_job_items_received_total' && labels.job === 'counted'),
  );
  await job.drain();
  const registry = new MetricsRegistry();
  await Engine.embedded().newJob(copy(new ManualSource()), { metrics: registry }).drain();
  assert.ok(registry.toPrometheus().includes('millrace_job_items_received_total'));
});

test('bad options are refused all at once', () => {
  assert.throws(
    () =>
      Engine.embedded().newJob(copy(new ManualSource()), {
        drainTimeoutMs: -1,
        maxItemsInFlight: 0,
        maxBytesInFlight: 1.5,
      }),
    (error) =>
      error instanceof MillraceError &&
      ['drainTimeoutMs', 'maxItemsInFlight', 'maxBytesInFlight'].every((name) => error.message.includes(name)),
  );
});

test('a guarantee that does not exist is refused: it would be taken for another', () => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.items(1)).writeTo(Sinks.noop());
  // As a program in JavaScript may have it.
  const options = JSON.parse('{"processingGuarantee":"at-leastonce"}');
  assert.throws(() => Engine.embedded().newJob(pipeline, options), {
    code: 'INVALID_OPTIONS',
    message: /processingGuarantee must be 'none', 'at-least-once' or 'exactly-once'/,
  });
});

test('a directory is checked, and each job says that it keeps nothing in it', LIMIT, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-'));
  try {
    const events: JobEvent[] = [];
    const engine = Engine.embedded({ dir: join(dir, 'store') });
    await engine.newJob(copy(new ManualSource()), { onEvent: (event) => events.push(event) }).drain();
    assert.ok(events.some(({ kind }) => kind === 'store-unused'));
    writeFileSync(join(dir, 'file'), '');
    assert.throws(() => Engine.embedded({ dir: join(dir, 'file', 'store') }), failsWith('STORAGE_FAILED'));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a busy job leaves the event loop to others', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const pipeline = Pipeline.create();
  let processed = 0;
  pipeline
    .readFrom(manual.source)
    .map((n) => {
      processed += 1;
      return n;
    })
    .writeTo(Sinks.noop());
  for (let item = 0; item < 400_000; item += 1) manual.push(item);
  const job = Engine.embedded().newJob(pipeline);
  await job.whenRunning();
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    if (processed < 400_000) setImmediate(turn);
  };
  setImmediate(turn);
  await until(() => manual.acknowledged === 400_000, { what: 'all done' });
  assert.ok(turns > 3, `only ${turns} turns of the event loop`);
  await job.drain();
});

test('mapAsync starts no more calls while what they lead to waits for a sink', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const gate = deferred<void>();
  const sink = SinkBuilder.sinkBuilder('stuck', () => undefined)
    .receiveFn<number>(() => gate.promise)
    .build();
  let calls = 0;
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(manual.source)
    .mapAsync(async () => {
      calls += 1;
    })
    .flatMap(() => Array.from({ length: 100 }, (_, index) => index))
    .writeTo(sink);
  const job = Engine.embedded().newJob(pipeline, { maxItemsInFlight: 1000 });
  for (let item = 0; item < 1000; item += 1) manual.push(item);
  await until(() => calls > 20, { what: 'calls' });
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  // 1024 in the sink's window, 1000 that wait, and the 16 calls under way
  assert.ok(calls <= 11 + 10 + 16 + 16, `${calls} calls`);
  gate.resolve();
  await until(() => manual.acknowledged === 1000, { what: 'all through' });
  await job.drain();
});

test('an abort ends an open stream with ABORTED', LIMIT, async () => {
  const abort = new AbortController();
  const stream = await Sinks.noop().open({ signal: abort.signal });
  const writer = stream.getWriter();
  abort.abort();
  await assert.rejects(writer.closed, failsWith('ABORTED'));
});
