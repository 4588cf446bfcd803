import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import {
  type OpenContext,
  RetryStrategies,
  SourceBuilder,
  type SourceReader,
} from '../../../../src/connector/index.js';
import { PermanentError } from '../../../../src/errors/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { openContext } from '../../../support/ends/open-context.js';
import { LIMIT } from '../../../support/limits.js';
import { MemoryRecords } from '../../../support/store/memory-records.js';
import { Told } from '../../../support/told.js';

const AT_ONCE = RetryStrategies.indefinitely(0);

/** Reads until so many items came, as an engine does. */
const read = async <T>(reader: SourceReader<T>, count: number): Promise<T[]> => {
  const items: T[] = [];
  while (items.length < count) {
    const polled = reader.poll(3);
    items.push(...polled.items);
    if (polled.done) break;
    if (polled.items.length === 0) await reader.ready();
  }
  return items;
};

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Numbers from a cursor, two at a time; each connection breaks in its third fill, when the first of two is added. */
const flaky = (kind: 'stream' | 'batch', waits: boolean, log: string[] = []) => {
  let connections = 0;
  return SourceBuilder[kind]('numbers', () => {
    connections += 1;
    log.push(`create ${connections}`);
    return { next: 0, fills: 0, number: connections };
  })
    .fillBufferFn<number>((cursor, buffer) => {
      const fill = (): void => {
        cursor.fills += 1;
        buffer.add(cursor.next++);
        if (cursor.fills === 3) {
          // a stray one, behind the failure
          queueMicrotask(() => buffer.add(-1));
          throw new Error('reset');
        }
        buffer.add(cursor.next++);
      };
      return waits ? Promise.resolve().then(fill) : fill();
    })
    .destroyFn(({ number }) => void log.push(`destroy ${number}`))
    .retryStrategy(AT_ONCE);
};

const durable = (changes: Partial<OpenContext> = {}): OpenContext =>
  openContext({ guarantee: 'exactly-once', durable: new MemoryRecords(), ...changes });

describe('a source whose functions fail for now', LIMIT, () => {
  for (const waits of [false, true]) {
    const how = waits ? 'in a promise' : 'at once';
    const withState = (kind: 'stream' | 'batch', log?: string[]) =>
      flaky(kind, waits, log)
        .createSnapshotFn(({ next }) => next)
        .restoreSnapshotFn((cursor, next) => {
          cursor.next = next;
        })
        .build();

    it(`goes on behind its last whole fill with a new context: nothing twice, nothing left out (${how})`, async () => {
      for (const kind of ['stream', 'batch'] as const) {
        for (const context of [openContext({ guarantee: 'none' }), durable()]) {
          const reader = await withState(kind).createReader(context);
          assert.deepEqual(await read(reader, 20), upTo(20));
          await reader.close();
        }
      }
    });

    it(`what a commit has stands on whole fills, before a failure and after it (${how})`, async () => {
      for (const count of [3, 4, 5, 9, 12]) {
        const source = withState('stream');
        const first = await source.createReader(durable());
        const items = await read(first, count);
        const restored: unknown = deserialize(serialize(first.snapshot(items.length - 1).state));
        await first.close();
        const second = await source.createReader(durable({ restored }));
        assert.deepEqual([...items, ...(await read(second, 9))].slice(0, count + 9), upTo(count + 9));
        await second.close();
      }
    });

    it(`each context is destroyed once, before the next one is made (${how})`, async () => {
      const log: string[] = [];
      const reader = await withState('stream', log).createReader(durable());
      await read(reader, 12);
      await reader.close();
      const made = log.filter((line) => line.startsWith('create')).length;
      assert.ok(made >= 3);
      assert.deepEqual(
        log,
        upTo(made).flatMap((index) => [`create ${index + 1}`, `destroy ${index + 1}`]),
      );
    });

    it(`a stream without a state goes on with its new context, and gives what the failed fill has added (${how})`, async () => {
      const reader = await flaky('stream', waits)
        .build()
        .createReader(openContext({ guarantee: 'none' }));
      assert.deepEqual(await read(reader, 10), [0, 1, 2, 3, 4, -1, 0, 1, 2, 3]);
      await reader.close();
    });

    it(`a batch without a state begins anew, and what the failed fill has added is not given twice (${how})`, async () => {
      const reader = await flaky('batch', waits).build().createReader(openContext());
      assert.deepEqual(await read(reader, 8), [0, 1, 2, 3, 0, 1, 2, 3]);
      await reader.close();
    });
  }

  it('a batch that was closed by the fill that failed is open again', async () => {
    let fails = true;
    const source = SourceBuilder.batch('b', () => undefined)
      .fillBufferFn<number>((_, buffer) => {
        buffer.add(1);
        buffer.close();
        if (fails) {
          fails = false;
          throw new Error('reset');
        }
      })
      .retryStrategy(AT_ONCE)
      .build();
    const reader = await source.createReader(openContext());
    assert.deepEqual(await read(reader, 9), [1]);
    await reader.close();
  });

  it('a restoreSnapshotFn that fails is tried again with a new context, and may take its time', async () => {
    let tries = 0;
    const destroyed: number[] = [];
    const source = SourceBuilder.stream('s', () => ({ made: ++tries, at: 0 }))
      .fillBufferFn<number>((cursor, buffer) => buffer.add(cursor.at++))
      .createSnapshotFn(({ at }) => at)
      .restoreSnapshotFn(async (cursor, at) => {
        await Promise.resolve();
        if (cursor.made === 2) throw new Error('seek failed');
        cursor.at = at;
      })
      .destroyFn(({ made }) => void destroyed.push(made))
      .retryStrategy(AT_ONCE)
      .build();
    const first = await source.createReader(durable());
    first.poll(1);
    const restored: unknown = deserialize(serialize(first.snapshot(0).state));
    const second = await source.createReader(durable({ restored }));
    assert.deepEqual([await read(second, 2), destroyed], [[1, 2], [2]]);
    await Promise.all([first.close(), second.close()]);
  });

  it('is told with its function, and once that it is over', async () => {
    using told = new Told('retrying', 'retry-over');
    const source = flaky('stream', false).build();
    const reader = await source.createReader(openContext({ guarantee: 'none' }));
    await read(reader, 7);
    await reader.close();
    assert.deepEqual(told.names, ['retrying', 'retry-over']);
    assert.equal(Object(told.events[0]?.data).call, 'fillBufferFn');
    assert.equal(Object(told.events[0]?.data).part, 'source "numbers"');
  });

  it('closes at once in the middle of a wait', async () => {
    const failed = deferred<void>();
    const source = SourceBuilder.stream('s', () => undefined)
      .fillBufferFn<number>(() => {
        failed.resolve();
        throw new Error('away');
      })
      .retryStrategy(RetryStrategies.indefinitely(100_000))
      .build();
    const reader = await source.createReader(openContext({ guarantee: 'none' }));
    reader.poll(1);
    const ready = reader.ready();
    await failed.promise;
    await reader.close();
    await ready;
    assert.equal(reader.poll(1).done, true);
  });
});

describe('a source whose functions fail for good', LIMIT, () => {
  const failing = (thrown: unknown) =>
    SourceBuilder.stream('s', () => undefined).fillBufferFn<number>(async () => {
      throw thrown;
    });

  it('fails: it has no item that could be given up', async () => {
    const permanent = failing(new PermanentError('gone')).build();
    assert.equal(permanent.onError, 'fail');
    const reader = await permanent.createReader(openContext({ guarantee: 'none' }));
    reader.poll(1);
    await assert.rejects(reader.ready(), { code: 'USER_FUNCTION_FAILED', message: 'fillBufferFn of source "s": gone' });
    assert.throws(() => reader.poll(1), { code: 'USER_FUNCTION_FAILED' });
    await reader.close();
  });

  it('fails when its retries are over', async () => {
    const source = failing(undefined)
      .retryStrategy(RetryStrategies.custom().maxAttempts(2).intervalMs(0).build())
      .build();
    const reader = await source.createReader(openContext({ guarantee: 'none' }));
    await assert.rejects(read(reader, 1), { code: 'RETRIES_EXHAUSTED' });
    await reader.close();
  });

  it('classifyErrorFn comes first', async () => {
    const source = failing(new Error('ENOENT'))
      .classifyErrorFn(() => 'permanent')
      .build();
    const reader = await source.createReader(openContext({ guarantee: 'none' }));
    await assert.rejects(read(reader, 1), { code: 'USER_FUNCTION_FAILED' });
    await reader.close();
  });

  it('a createSnapshotFn that gives a promise is refused', async () => {
    const source = SourceBuilder.stream('s', () => undefined)
      .fillBufferFn<number>((_, buffer) => buffer.add(1))
      .createSnapshotFn(async () => {
        throw new Error('nobody hears this');
      })
      .restoreSnapshotFn(() => {})
      .build();
    const reader = await source.createReader(openContext({ guarantee: 'none' }));
    assert.throws(() => reader.poll(1), {
      code: 'USER_FUNCTION_FAILED',
      message: 'source "s": createSnapshotFn returned a promise',
    });
    await reader.close();
  });
});
