import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DeadLetter,
  defineSink,
  defineSource,
  LowWaterMark,
  SinkBuilder,
  SourceBuilder,
} from '../../../../src/connector/index.js';
import { MillraceError, PermanentError, Sinks, TestSources } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { letterFor } from '../../../support/ends/simulated-source.js';
import { fc } from '../../../support/fast-check.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

test('the low-water mark is the end of the complete prefix, in whatever order entries complete', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5)), fc.infiniteStream(fc.nat()), (gaps, choices) => {
      const mark = new LowWaterMark();
      let position = -1;
      const entries = gaps.map((gap) => {
        position += 1 + gap;
        return mark.open(position);
      });
      const left = [...entries];
      while (left.length > 0) {
        const [entry] = left.splice((choices.next().value ?? 0) % left.length, 1);
        if (entry === undefined) break;
        const before = mark.value;
        const moved = mark.complete(entry);
        const firstOpen = entries.findIndex(({ complete }) => !complete);
        const expected = firstOpen === -1 ? entries.at(-1)?.position : entries[firstOpen - 1]?.position;
        assert.equal(mark.value, expected);
        assert.equal(moved, before !== expected);
        assert.equal(mark.size, firstOpen === -1 ? 0 : entries.length - firstOpen);
      }
    }),
  );
});

test('acknowledgements in any order reach the source as a prefix', LIMIT, async () => {
  const manual = new ManualSource<number>();
  manual.push(0, 1, 2, 3);
  await using open = await manual.source.open();
  const acks: (() => void)[] = [];
  for await (const { ack } of open) {
    acks.push(ack);
    if (acks.length < 4) continue;
    acks[1]?.();
    acks[2]?.();
    await Promise.resolve();
    assert.equal(manual.acknowledged, 0);
    acks[0]?.();
    acks[0]?.();
    await until(() => manual.acknowledged === 3, { what: 'three acknowledged' });
    break;
  }
  assert.equal(manual.closed, 1);
});

test('an acknowledgement just before the loop is left still counts', LIMIT, async () => {
  const manual = new ManualSource<number>();
  manual.push(0, 1);
  for await (const { item, ack } of await manual.source.open()) {
    ack();
    if (item === 1) break;
  }
  assert.equal(manual.acknowledged, 2);
});

test('batches are acknowledged together', LIMIT, async () => {
  const manual = new ManualSource<number>();
  manual.push(0, 1, 2);
  for await (const { items, ack } of (await manual.source.open()).batches()) {
    assert.deepEqual(items, [0, 1, 2]);
    ack();
    break;
  }
  assert.equal(manual.acknowledged, 3);
});

test('a source that ends ends the loop, and takes acknowledgements after it', LIMIT, async () => {
  const manual = new ManualSource<number>();
  manual.push(0, 1);
  manual.end();
  const acks: (() => void)[] = [];
  for await (const { ack } of await manual.source.open()) acks.push(ack);
  assert.equal(manual.closed, 0);
  for (const ack of acks) ack();
  await until(() => manual.closed === 1, { what: 'closed after the last acknowledgement' });
  assert.equal(manual.acknowledged, 2);
});

test('close ends a loop that waits; an abort ends it with ABORTED', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const open = await manual.source.open();
  const waiting = open[Symbol.asyncIterator]().next();
  await open.close();
  assert.equal((await waiting).done, true);
  const abort = new AbortController();
  const aborted = await manual.source.open({ signal: abort.signal });
  const next = aborted[Symbol.asyncIterator]().next();
  abort.abort();
  await assert.rejects(next, (error) => error instanceof MillraceError && error.code === 'ABORTED');
  await assert.rejects(manual.source.open({ signal: AbortSignal.abort() }));
});

test('a source that fails fails the loop', LIMIT, async () => {
  const manual = new ManualSource<number>();
  const open = await manual.source.open();
  const next = open[Symbol.asyncIterator]().next();
  manual.fail(new MillraceError('CONNECTION_LOST', 'gone'));
  await assert.rejects(next, (error) => error instanceof MillraceError && error.code === 'CONNECTION_LOST');
  assert.equal(manual.closed, 1);
});

test('a rejected input is acknowledged when its letter is delivered, and not before', LIMIT, async () => {
  const letters: DeadLetter[] = [];
  const gate = deferred<void>();
  const deadLetter = SinkBuilder.sinkBuilder('letters', () => undefined)
    .receiveFn<DeadLetter>(async (_, letter) => {
      letters.push(letter);
      await gate.promise;
    })
    .build();
  let committed = -1;
  let polled = false;
  const source = defineSource<number>({
    ...TestSources.items<number>(),
    onError: { deadLetter },
    createReader: async () => ({
      poll: () => {
        const first = polled ? 3 : 0;
        const batch = {
          items: polled ? [] : [0, 2],
          rejected: polled ? [] : [{ position: 1, letter: letterFor('one') }],
        };
        polled = true;
        return { ...batch, first, last: 2, timestampMs: 0, bytes: 0, done: false };
      },
      ready: () => deferred<void>().promise,
      snapshot: (upTo) => ({ mark: upTo, state: undefined }),
      committed: (mark) => {
        committed = mark;
      },
      close: async () => {},
    }),
  });
  await using open = await source.open();
  const iterator = open[Symbol.asyncIterator]();
  const first = iterator.next();
  await until(() => letters.length === 1, { what: 'the letter' });
  assert.equal(committed, -1);
  gate.resolve();
  (await first).value?.ack();
  (await iterator.next()).value?.ack();
  await until(() => committed === 2, { what: 'all three' });
});

test('a stream pushes back on its writer, and closing it waits for delivery', LIMIT, async () => {
  const rows: number[] = [];
  const gate = deferred<void>();
  const sink = SinkBuilder.sinkBuilder('rows', () => rows)
    .receiveFn<number>(async (to, row) => {
      await gate.promise;
      to.push(row);
    })
    .build();
  const stream = await sink.open();
  const writer = stream.getWriter();
  const writes: Promise<void>[] = [];
  let taken = 0;
  for (let row = 0; row < 3000; row += 1) {
    writes.push(
      writer.write(row).then(() => {
        taken += 1;
      }),
    );
  }
  await until(() => taken === 1024, { what: 'a full window' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(taken, 1024);
  gate.resolve();
  await writer.close();
  await Promise.all(writes);
  assert.equal(rows.length, 3000);
});

test('disposing a stream delivers what it took, locked or not; abort does not wait', LIMIT, async () => {
  for (const locked of [true, false]) {
    const rows: number[] = [];
    {
      await using stream = await Sinks.list(rows).open();
      const writer = stream.getWriter();
      await writer.write(1);
      if (!locked) writer.releaseLock();
    }
    assert.deepEqual(rows, [1]);
  }
  const stuck = SinkBuilder.sinkBuilder('stuck', () => undefined)
    .receiveFn<number>(() => deferred<void>().promise)
    .build();
  const writer = (await stuck.open()).getWriter();
  await writer.write(1);
  await writer.abort();
});

test('a sink that fails errors its stream', LIMIT, async () => {
  const sink = SinkBuilder.sinkBuilder('broken', () => undefined)
    .receiveFn<number>(() => {
      throw new PermanentError('broken');
    })
    .build();
  const stream = await sink.open();
  const writer = stream.getWriter();
  await writer.write(1);
  await assert.rejects(
    writer.closed,
    (error) => error instanceof MillraceError && error.code === 'USER_FUNCTION_FAILED',
  );
});

test(
  'a rejected item errors the stream, is counted, or goes to the dead-letter sink before close resolves',
  LIMIT,
  async () => {
    const rejecting = (onError: 'fail' | 'skip' | DeadLetter[]) =>
      defineSink<string>({
        name: 'rejecting',
        claims: [],
        refuse: () => undefined,
        onError: typeof onError === 'string' ? onError : { deadLetter: Sinks.list(onError) },
        createWriter: async () => {
          let written: string[] = [];
          let count = 0;
          let ready = deferred<void>();
          return {
            write: (items) => {
              written.push(...items);
              return items.length;
            },
            flush: () => ready.resolve(),
            progress: () => {
              const rejected = written.map((item, index) => ({ index: count + index, letter: letterFor(item) }));
              count += written.length;
              written = [];
              return { delivered: count, rejected };
            },
            ready: () => {
              ready = deferred();
              if (written.length > 0) ready.resolve();
              return ready.promise;
            },
            close: async () => {},
          };
        },
      });
    const letters: DeadLetter[] = [];
    for (const onError of ['skip', letters] as const) {
      const writer = (await rejecting(onError === 'skip' ? 'skip' : letters).open()).getWriter();
      await writer.write('a');
      await writer.close();
    }
    assert.deepEqual(
      letters.map(({ attributes }) => attributes.topic),
      ['a'],
    );
    const writer = (await rejecting('fail').open()).getWriter();
    await writer.write('a');
    await assert.rejects(writer.closed, (error) => error instanceof MillraceError && error.code === 'INVALID_MESSAGE');
  },
);

test('what a builder misses is said at once, and a stream cannot promise at-least-once', () => {
  const invalid = (error: unknown): boolean => error instanceof MillraceError && error.code === 'INVALID_OPTIONS';
  assert.throws(() => SourceBuilder.stream('', () => 1).build(), invalid);
  assert.throws(() => SinkBuilder.sinkBuilder('', () => 1).build(), invalid);
  const stream = SourceBuilder.stream('s', () => 1)
    .fillBufferFn<number>(() => {})
    .build();
  assert.equal(stream.refuse('at-least-once')?.code, 'GUARANTEE_UNSUPPORTED');
  assert.equal(stream.refuse('none'), undefined);
  assert.equal(stream.defaultGuarantee, 'none');
});

test('the iteration can be ended while it waits for items, as a stream that reads ahead does', LIMIT, async () => {
  const manual = new ManualSource<number>();
  manual.push(0);
  const items = (await manual.source.open())[Symbol.asyncIterator]();
  assert.equal((await items.next()).value?.item, 0);
  const waiting = items.next();
  await items.return?.();
  assert.equal((await waiting).done, true);
});
