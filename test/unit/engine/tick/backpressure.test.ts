import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeadLetter, defineSource, type Polled } from '../../../../src/connector/index.js';
import {
  Engine,
  MillraceError,
  PermanentError,
  Pipeline,
  SinkBuilder,
  Sinks,
  TestSources,
} from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { letterFor } from '../../../support/ends/simulated-source.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const stuckSink = <T>() =>
  SinkBuilder.sinkBuilder('stuck', () => undefined)
    .receiveFn<T>(() => deferred<void>().promise)
    .build();

test('room that a delivery makes is used at once, whatever the bound', LIMIT, async () => {
  for (const maxItemsInFlight of [1, 7, 256, 300]) {
    const out: number[] = [];
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.items(...numbers(1000))).writeTo(Sinks.list(out));
    await Engine.embedded().newJob(pipeline, { maxItemsInFlight }).join();
    assert.deepEqual(out, numbers(1000));
  }
});

test('a dead-letter sink that takes nothing stops polling, so letters do not pile up', LIMIT, async () => {
  for (const processingGuarantee of ['none', 'at-least-once'] as const) {
    let polled = 0;
    const source = defineSource<number>({
      name: 'only rejects',
      claims: [],
      defaultGuarantee: 'at-least-once',
      refuse: () => undefined,
      onError: { deadLetter: stuckSink<DeadLetter>() },
      createReader: async () => ({
        poll: (max): Polled<number> => {
          const first = polled;
          polled += max;
          const rejected = numbers(max).map((index) => ({ position: first + index, letter: letterFor('no') }));
          return { items: [], timestampMs: 0, first, last: polled - 1, bytes: 0, rejected, done: false };
        },
        ready: async () => {},
        snapshot: (mark) => ({ mark, state: undefined }),
        committed: () => {},
        close: async () => {},
      }),
    });
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(Sinks.noop());
    const job = Engine.embedded().newJob(pipeline, { processingGuarantee });
    await until(() => polled >= 1024, { what: 'a full dead-letter sink' });
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(polled <= 2048, `${polled} were polled though no letter is taken`);
    await job.cancel();
  }
});

test(
  'a source that fails ends the job at once, also while a stuck sink keeps it from being polled',
  LIMIT,
  async () => {
    const manual = new ManualSource<number>();
    const pipeline = Pipeline.create();
    pipeline.readFrom(manual.source).writeTo(stuckSink<number>());
    const job = Engine.embedded().newJob(pipeline, { maxItemsInFlight: 10, drainTimeoutMs: 10 });
    await job.whenRunning();
    manual.push(...numbers(100));
    await until(() => job.metrics().itemsInFlight === 10, { what: 'a full machine' });
    manual.fail(new MillraceError('CONNECTION_LOST', 'gone'));
    await assert.rejects(job.join(), (error) => error instanceof MillraceError && error.code === 'CONNECTION_LOST');
  },
);

test('a sink that fails during the drain of a failed job does not hide why it failed', LIMIT, async () => {
  const gate = deferred<void>();
  const sink = SinkBuilder.sinkBuilder('late', () => undefined)
    .receiveFn<number>(async () => {
      await gate.promise;
      throw new PermanentError('late');
    })
    .build();
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(1, 2))
    .map((item) => {
      if (item === 2) setImmediate(() => gate.resolve());
      if (item === 2) throw new Error('first');
      return item;
    })
    .writeTo(sink);
  await assert.rejects(Engine.embedded().newJob(pipeline).join(), /first/);
});
