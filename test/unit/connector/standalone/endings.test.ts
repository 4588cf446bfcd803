import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSink, SinkBuilder, SourceBuilder } from '../../../../src/connector/index.js';
import { MillraceError, PermanentError, Sinks } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof MillraceError, String(error));
  assert.equal(error.code, code);
  return true;
};

const stuckSink = () =>
  SinkBuilder.sinkBuilder('stuck', () => undefined)
    .receiveFn<number>(() => deferred<void>().promise)
    .build();

test('a sink that cannot give at-least-once is opened with what it can give', LIMIT, async () => {
  let given = '';
  const sink = defineSink<number>({
    ...Sinks.noop(),
    refuse: (guarantee) => (guarantee === 'none' ? undefined : new MillraceError('GUARANTEE_UNSUPPORTED', 'QoS 0')),
    createWriter: (context) => {
      given = context.guarantee;
      return Sinks.noop().createWriter(context);
    },
  });
  await using _stream = await sink.open();
  assert.equal(given, 'none');
});

test('what was received without a guarantee needs no acknowledgement to go on', LIMIT, async () => {
  const source = SourceBuilder.stream('numbers', () => ({ next: 0 }))
    .fillBufferFn<number>((context, buffer) => {
      for (let count = 0; count < 500; count += 1) buffer.add(context.next++);
    })
    .build();
  await using open = await source.open();
  let seen = 0;
  for await (const { items } of open.batches()) {
    seen += items.length;
    if (seen > 40_000) break;
  }
});

test('abort ends a stream at once, also while a write waits for room or a close for delivery', LIMIT, async () => {
  const waiting = (await stuckSink().open()).getWriter();
  for (let row = 0; row < 2000; row += 1) waiting.write(row).catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  await waiting.abort();

  const closing = (await stuckSink().open()).getWriter();
  await closing.write(1);
  const closed = closing.close();
  closed.catch(() => {});
  await closing.abort().catch(() => {});
  await assert.rejects(closed);
});

test('aborting the signal ends a dispose that waits for delivery', LIMIT, async () => {
  const controller = new AbortController();
  const stream = await stuckSink().open({ signal: controller.signal });
  const writer = stream.getWriter();
  await writer.write(1);
  writer.releaseLock();
  const disposed = Promise.resolve(stream[Symbol.asyncDispose]());
  controller.abort();
  await assert.rejects(disposed, hasCode('ABORTED'));
});

test('disposing a stream that has failed says why it failed', LIMIT, async () => {
  const sink = SinkBuilder.sinkBuilder('broken', () => undefined)
    .receiveFn<number>(() => {
      throw new PermanentError('broken');
    })
    .build();
  const stream = await sink.open();
  const writer = stream.getWriter();
  await writer.write(1);
  await assert.rejects(writer.closed);
  writer.releaseLock();
  await assert.rejects(async () => stream[Symbol.asyncDispose](), hasCode('USER_FUNCTION_FAILED'));
});

test('a dead-letter sink that cannot open closes the one behind it', LIMIT, async () => {
  let closed = 0;
  const last = SinkBuilder.sinkBuilder('last', () => undefined)
    .receiveFn<unknown>(() => {})
    .destroyFn(() => {
      closed += 1;
    })
    .build();
  const broken = defineSink<unknown>({
    ...Sinks.noop(),
    onError: { deadLetter: last },
    createWriter: () => Promise.reject(new Error('no')),
  });
  const sink = defineSink<number>({ ...Sinks.noop(), onError: { deadLetter: broken } });
  await assert.rejects(sink.open(), /no/);
  await until(() => closed === 1, { what: 'closed' });
});

test('a destroyFn that throws is told to whoever closes, and ends no process after an abort', LIMIT, async () => {
  const fails = () => {
    throw new Error('destroyed badly');
  };
  const source = SourceBuilder.stream('numbers', () => undefined)
    .fillBufferFn<number>(() => {})
    .destroyFn(fails)
    .build();
  const sink = SinkBuilder.sinkBuilder('rows', () => undefined)
    .receiveFn<number>(() => {})
    .destroyFn(fails)
    .build();
  await assert.rejects(async () => (await source.open()).close(), /badly/);
  await assert.rejects(async () => (await sink.open()).close(), /badly/);

  const controller = new AbortController();
  await source.open({ signal: controller.signal });
  await sink.open({ signal: controller.signal });
  const writer = (await sink.open()).getWriter();
  controller.abort();
  await assert.rejects(writer.abort(), /badly/);
  // an unhandled rejection would come now
  await new Promise((resolve) => setImmediate(resolve));
});
