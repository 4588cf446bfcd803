import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { RetryStrategies, type Sink, SinkBuilder, SourceBuilder } from '../../src/connector/index.js';
import { FailingScript, type Outcome } from '../support/ends/failing-script.js';
import { openContext } from '../support/ends/open-context.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { MemoryRecords } from '../support/store/memory-records.js';

const RUNS = { numRuns: howMany({ sample: 150, full: 2000 }) };
const AT_ONCE = RetryStrategies.indefinitely(0);

const outcomes: fc.Arbitrary<readonly Outcome[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Outcome>('ok') },
    { weight: 2, arbitrary: fc.constant<Outcome>('fails') },
    { weight: 2, arbitrary: fc.constant<Outcome>('fails-behind') },
    { weight: 1, arbitrary: fc.constant<Outcome>('cannot-pass') },
  ),
  { maxLength: 40 },
);

/** Items in front of a flush, in a batch, or one by one; `rows` is the destination. */
interface Shape {
  readonly flush: boolean;
  readonly batch: number | undefined;
  /** Which items the destination never takes. */
  readonly bad: readonly number[];
}

const shape: fc.Arbitrary<Shape> = fc.record({
  flush: fc.boolean(),
  batch: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  bad: fc.array(fc.nat(40), { maxLength: 4 }),
});

/** Used, or destroyed, after its end. */
const breaches: unknown[] = [];

interface Connection {
  readonly sent: number[];
  isOver: boolean;
}

const live = (context: Connection): Connection => {
  if (context.isOver) breaches.push(context);
  return context;
};

const sinkOf = ({ flush, batch, bad }: Shape, script: FailingScript, rows: number[]): Sink<number> => {
  const check = (items: readonly number[]): void => {
    if (items.some((item) => bad.includes(item))) throw new TypeError('constraint');
  };
  const put = (sent: number[], items: readonly number[]): void => {
    if (flush) sent.push(...items);
    else check(items);
    if (!flush) rows.push(...items);
  };
  const begin = SinkBuilder.sinkBuilder('rows', async () => {
    const context: Connection = { sent: [], isOver: false };
    await script.call(() => {}, false);
    return context;
  });
  const received =
    batch === undefined
      ? begin.receiveFn<number>((context, item) => script.call(() => put(live(context).sent, [item]), true))
      : begin.receiveBatchFn<number>((context, items) => script.call(() => put(live(context).sent, items), true), {
          maxBatchSize: batch,
        });
  const ended = received.destroyFn((context) => {
    live(context);
    context.isOver = true;
    return script.call(() => {}, false);
  });
  const flushed = flush
    ? ended.flushFn((context) =>
        script.call(() => {
          const { sent } = live(context);
          check(sent);
          rows.push(...sent.splice(0));
        }, true),
      )
    : ended;
  return flushed.retryStrategy(AT_ONCE).onError('skip').build();
};

/** What reached the destination first, in the order in which it did. */
const firsts = (rows: readonly number[]): readonly number[] => [...new Set(rows)];

const ascends = (numbers: readonly number[]): boolean =>
  numbers.every((one, index) => index === 0 || one > Number(numbers[index - 1]));

/**
 * Every item arrived, or has one letter; both only where a flush went through and threw all the same, or where a crash took the letter. So
 * `lives` are in order each, and not together: what was given up in one arrives in the next, behind what the first had delivered already.
 */
const assertAll = (count: number, lives: readonly (readonly number[])[], letters: readonly number[]): void => {
  assert.deepEqual(letters, [...new Set(letters)], 'no item has two letters');
  for (const rows of lives) assert.ok(ascends(firsts(rows)), `first deliveries in order: ${firsts(rows)}`);
  assert.ok(ascends(letters), `letters in order: ${letters}`);
  const through = new Set([...lives.flat(), ...letters]);
  assert.deepEqual(
    [...through].sort((a, b) => a - b),
    Array.from({ length: count }, (_, item) => item),
  );
};

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

describe('functions that fail at random', LIMIT, () => {
  before(() => void process.on('unhandledRejection', onUnhandled));
  after(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    assert.deepEqual(unhandled, [], 'no rejection is left to the process');
    assert.deepEqual(breaches, [], 'no context is used behind its end');
  });

  it('a sink delivers every item in order, or gives it up with one letter, and what counts as delivered is', async () => {
    let thrown = 0;
    await fc.assert(
      fc.asyncProperty(
        shape,
        outcomes,
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
        async (how, script, writes) => {
          const rows: number[] = [];
          const letters: number[] = [];
          const failing = new FailingScript(script);
          const writer = await sinkOf(how, failing, rows).createWriter(openContext());
          let written = 0;
          let delivered = 0;
          const take = (): void => {
            const progress = writer.progress();
            for (const { index, letter } of progress.rejected) {
              assert.equal(letter.attributes.item, index);
              letters.push(index);
            }
            delivered = progress.delivered;
            const known = new Set([...rows, ...letters]);
            for (let item = 0; item < delivered; item += 1) assert.ok(known.has(item), `${item} is not delivered`);
          };
          for (const size of writes) {
            written += writer.write(Array.from({ length: size }, (_, index) => written + index));
            writer.flush();
            await writer.ready();
            take();
          }
          while (delivered < written) {
            await writer.ready();
            take();
          }
          await writer.close().catch(() => {});
          assertAll(written, [rows], letters);
          thrown += failing.thrown;
        },
      ),
      RUNS,
    );
    assert.ok(thrown > 0, 'functions have failed');
  });

  it('with a store no item has two letters, or is left out, over crashes too', async () => {
    await fc.assert(
      fc.asyncProperty(shape, outcomes, fc.array(fc.nat(25), { maxLength: 4 }), async (how, script, crashes) => {
        const lives: number[][] = [];
        const letters: number[] = [];
        const failing = new FailingScript(script);
        const count = 30;
        let store = new MemoryOutboxes();
        for (const [life, crash] of [...crashes, count].entries()) {
          const rows: number[] = [];
          lives.push(rows);
          const driver = await DurableSinkDriver.open({ sink: sinkOf(how, failing, rows), store });
          if (life === 0) {
            driver.add(...Array.from({ length: count }, (_, item) => item));
            driver.seal();
            driver.commit();
          }
          await driver.runUntil(() => driver.undone <= count - crash);
          for (const { attributes } of driver.letters) letters.push(Number(attributes.item));
          // what it has done since is in no commit: the process ends
          driver.flush();
          await driver.close().catch(() => {});
          store = store.reopen();
        }
        assertAll(count, lives, letters);
      }),
      RUNS,
    );
  });

  it('a source with a state gives each item once, in order, over failures and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(
        outcomes,
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        async (script, lives, size) => {
          const failing = new FailingScript(script);
          const source = SourceBuilder.stream('numbers', async () => {
            await failing.call(() => {}, false);
            return { next: 0 };
          })
            .fillBufferFn<number>((cursor, buffer) =>
              failing.call(() => {
                for (let added = 0; added < size; added += 1) buffer.add(cursor.next++);
              }, false),
            )
            .createSnapshotFn(({ next }) => {
              if (next % 7 === 0 && failing.thrown % 2 === 1) void failing.call(() => {}, false)?.catch(() => {});
              return next;
            })
            .restoreSnapshotFn((cursor, next) =>
              failing.call(() => {
                cursor.next = next;
              }, false),
            )
            .destroyFn(() => failing.call(() => {}, false))
            .retryStrategy(AT_ONCE)
            .build();
          const got: number[] = [];
          let restored: unknown;
          for (const most of [...lives, 25]) {
            const context = { guarantee: 'exactly-once', durable: new MemoryRecords() } as const;
            const reader = await source.createReader(
              openContext(restored === undefined ? context : { ...context, restored }),
            );
            let position = -1;
            while (position + 1 < most) {
              const { items, last } = reader.poll(3);
              got.push(...items);
              position = last;
              if (items.length === 0) await reader.ready();
            }
            restored = deserialize(serialize(reader.snapshot(position).state));
            await reader.close().catch(() => {});
          }
          assert.deepEqual(
            got,
            Array.from({ length: got.length }, (_, item) => item),
          );
        },
      ),
      RUNS,
    );
  });
});
