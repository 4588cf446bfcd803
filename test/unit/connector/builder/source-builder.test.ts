import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import {
  type BatchBuffer,
  type OpenContext,
  SourceBuilder,
  type SourceReader,
} from '../../../../src/connector/index.js';
import { MillraceError, PermanentError } from '../../../../src/errors/index.js';
import { MetricsRegistry } from '../../../../src/metrics/index.js';
import { MemoryRecords } from '../../../support/store/memory-records.js';

const context = (changes: Partial<OpenContext> = {}): OpenContext => ({
  job: 'test',
  guarantee: 'exactly-once',
  metrics: new MetricsRegistry(),
  signal: new AbortController().signal,
  durable: new MemoryRecords(),
  ...changes,
});

/** What a store gives back. */
const stored = (reader: SourceReader<unknown>, upTo: number): unknown =>
  deserialize(serialize(reader.snapshot(upTo).state));

/** Counts upwards in fills of three; 9 is the end. */
const counting = (log: string[] = []) =>
  SourceBuilder.batch('count', () => ({ next: 0 }))
    .fillBufferFn<number>((from, buffer) => {
      log.push(`fill ${from.next}`);
      for (const end = Math.min(from.next + 3, 9); from.next < end; from.next += 1) buffer.add(from.next, 2);
      if (from.next === 9) buffer.close();
    })
    .createSnapshotFn((from) => from)
    .restoreSnapshotFn((from, state) => {
      log.push(`restore ${state.next}`);
      from.next = state.next;
    })
    .destroyFn(() => {
      log.push('destroy');
    })
    .build();

const rest = async (state: unknown, log?: string[]): Promise<readonly number[]> => {
  const reader = await counting(log).createReader(context({ restored: state }));
  const items: number[] = [];
  for (;;) {
    const polled = reader.poll(2);
    items.push(...polled.items);
    if (polled.done) return items;
  }
};

describe('custom source', () => {
  it('adds no promise: it would go on as an item, and its rejection would end the process', async () => {
    const source = SourceBuilder.batch('late', () => ({}))
      .fillBufferFn<unknown>((_, buffer) => buffer.add(Promise.reject(new Error('nobody waits for it'))))
      .build();
    const reader = await source.createReader(context({ guarantee: 'none' }));
    assert.throws(() => reader.poll(1), {
      code: 'USER_FUNCTION_FAILED',
      message: 'source "late": fillBufferFn added a promise',
    });
    await reader.close();
  });

  it('is given nothing behind close(), and no size that is none: both are mistakes of the function', async () => {
    const bytes: number = Object('5');
    const fills: readonly (readonly [mistake: RegExp, fill: (buffer: BatchBuffer<string>) => void])[] = [
      [/added an item behind buffer.close\(\)/, (buffer) => void [buffer.close(), buffer.add('late')]],
      [/whose bytes are no number from 0/, (buffer) => buffer.add('a', bytes)],
      [/whose bytes are no number from 0/, (buffer) => buffer.add('a', -1)],
      [/whose bytes are no number from 0/, (buffer) => buffer.add('a', Number.NaN)],
    ];
    for (const [message, fill] of fills) {
      const source = SourceBuilder.batch('wrong', () => ({}))
        .fillBufferFn<string>((_, buffer) => fill(buffer))
        .build();
      const reader = await source.createReader(context({ guarantee: 'none' }));
      assert.throws(() => reader.poll(9), { code: 'USER_FUNCTION_FAILED', message });
      await reader.close();
    }
  });

  it('is filled when empty and destroyed once', async () => {
    const log: string[] = [];
    const reader = await counting(log).createReader(context());
    assert.deepEqual([reader.poll(2).items, reader.poll(2).items, reader.poll(9).bytes], [[0, 1], [2], 6]);
    const end = reader.poll(9);
    assert.deepEqual([end.items, end.done], [[6, 7, 8], true]);
    await Promise.all([reader.close(), reader.close()]);
    assert.deepEqual(log, ['fill 0', 'fill 3', 'fill 6', 'destroy']);
  });

  it('goes on exactly behind any position, without making an item again that its functions made', async () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    for (let upTo = -1; upTo < 9; upTo += 1) {
      const reader = await counting().createReader(context());
      while (!reader.poll(2).done);
      const log: string[] = [];
      assert.deepEqual(await rest(stored(reader, upTo), log), all.slice(upTo + 1), `from ${upTo + 1}`);
      assert.equal(log[0], upTo < 0 ? 'fill 0' : `restore ${Math.ceil((upTo + 1) / 3) * 3}`);
    }
  });

  it('goes on behind a position among items that came from the store', async () => {
    const first = await counting().createReader(context());
    first.poll(1);
    const second = await counting().createReader(context({ restored: stored(first, 0) }));
    assert.deepEqual([second.poll(9).items, second.poll(1).items], [[1, 2], [3]]);
    assert.deepEqual(await rest(stored(second, 0)), [2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(await rest(stored(second, 1)), [3, 4, 5, 6, 7, 8]);
    assert.deepEqual(await rest(stored(second, 2)), [4, 5, 6, 7, 8]);
  });

  it('positions count from 0 in each reader', async () => {
    const first = await counting().createReader(context());
    assert.equal(first.poll(2).first, 0);
    const second = await counting().createReader(context({ restored: stored(first, 1) }));
    assert.deepEqual([second.poll(9).first, second.poll(9).first], [0, 1]);
  });

  it('a state that is changed after it was given is stored as it was given', async () => {
    const reader = await counting().createReader(context());
    reader.poll(3);
    reader.poll(3);
    assert.deepEqual(await rest(stored(reader, 2)), [3, 4, 5, 6, 7, 8]);
  });

  it('a fill that adds nothing may move the state', async () => {
    let calls = 0;
    const source = SourceBuilder.stream('skips', () => ({ at: 0 }))
      .fillBufferFn<number>((from, buffer) => {
        calls += 1;
        from.at += 1;
        if (calls === 2) buffer.add(from.at);
      })
      .createSnapshotFn(({ at }) => at)
      .restoreSnapshotFn((from, at) => {
        from.at = at;
      })
      .build();
    const stateAt = async (upTo: number, polls: number) => {
      calls = 0;
      const reader = await source.createReader(context());
      for (let poll = 0; poll < polls; poll += 1) reader.poll(9);
      const restored = stored(reader, upTo);
      calls = 1;
      return (await source.createReader(context({ restored }))).poll(9).items;
    };
    assert.deepEqual(await stateAt(-1, 1), [2]);
    assert.deepEqual(await stateAt(0, 4), [5]);
  });

  it('nothing of a fill that failed is given: it is behind no state', async () => {
    let fails = true;
    const source = SourceBuilder.stream('fails', () => ({ next: 0 }))
      .fillBufferFn<number>((from, buffer) => {
        buffer.add(from.next);
        if (fails) throw new PermanentError('broke');
        from.next += 1;
      })
      .createSnapshotFn(({ next }) => next)
      .restoreSnapshotFn((from, next) => {
        from.next = next;
      })
      .build();
    const reader = await source.createReader(context());
    assert.throws(() => reader.poll(9), { code: 'USER_FUNCTION_FAILED' });
    fails = false;
    const again = await source.createReader(context({ restored: stored(reader, -1) }));
    assert.deepEqual(again.poll(9).items, [0]);
  });

  it('a state or an item that cannot be stored is told at the first fill, with the name of the source', async () => {
    const refused = async (item: unknown, state: unknown) => {
      const source = SourceBuilder.stream('odd', () => 1)
        .fillBufferFn<unknown>((_, buffer) => buffer.add(item))
        .createSnapshotFn(() => state)
        .restoreSnapshotFn(() => {})
        .build();
      const reader = await source.createReader(context());
      assert.throws(
        () => reader.poll(1),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.equal(error.code, 'STATE_NOT_STORABLE');
          assert.match(error.message, /source "odd"/);
          return true;
        },
      );
    };
    await refused(1, { close: () => {} });
    await refused(new (class Meter {})(), 1);
  });

  it('where nothing is stored it asks for a state all the same: a failed fill is gone behind by it', async () => {
    let asked = 0;
    const source = SourceBuilder.stream('plain', () => 1)
      .fillBufferFn<number>((_, buffer) => buffer.add(1))
      .createSnapshotFn(() => {
        asked += 1;
        return asked;
      })
      .restoreSnapshotFn(() => {})
      .build();
    const { durable: _, ...plain } = context({ guarantee: 'none' });
    const reader = await source.createReader(plain);
    reader.poll(1);
    assert.deepEqual([reader.snapshot(0).state, asked], [undefined, 1]);
  });

  it('a stored state of another kind of source is refused', async () => {
    const opening = counting().createReader(context({ restored: { epoch: 1, inbound: new Uint16Array() } }));
    await assert.rejects(opening, { code: 'STORE_CORRUPT' });
  });

  it('a restoreSnapshotFn that throws fails the opening, and what createFn made is destroyed', async () => {
    let destroyed = 0;
    const source = SourceBuilder.batch('throws', () => 1)
      .fillBufferFn<number>((_, buffer) => buffer.add(1))
      .createSnapshotFn(() => 1)
      .restoreSnapshotFn(() => {
        throw new PermanentError('no');
      })
      .destroyFn(() => {
        destroyed += 1;
      })
      .build();
    const reader = await source.createReader(context());
    reader.poll(1);
    const opening = source.createReader(context({ restored: stored(reader, 0) }));
    await assert.rejects(opening, { code: 'USER_FUNCTION_FAILED', message: /restoreSnapshotFn of source "throws"/ });
    assert.equal(destroyed, 1);
  });
});

describe('custom source: guarantees', () => {
  const stream = SourceBuilder.stream('s', () => 1).fillBufferFn<number>(() => {});
  const batch = SourceBuilder.batch('b', () => 1).fillBufferFn<number>(() => {});

  it('without state a batch is at-least-once and a stream none, and the refusal names the ways out', () => {
    assert.equal(batch.build().refuse('at-least-once'), undefined);
    for (const refusal of [
      batch.build().refuse('exactly-once'),
      stream.build().refuse('at-least-once'),
      stream.build().refuse('exactly-once'),
    ]) {
      assert.equal(refusal?.code, 'GUARANTEE_UNSUPPORTED');
      assert.match(refusal?.advice ?? '', /createSnapshotFn and restoreSnapshotFn.*Engine\.embedded/);
    }
  });

  it('one function for a state without the other is refused: nothing would come of it', () => {
    const refused = (build: () => unknown, message: RegExp): void =>
      assert.throws(build, { code: 'INVALID_OPTIONS', message });
    refused(() => stream.createSnapshotFn(() => 1).build(), /restoreSnapshotFn is missing/);
    refused(() => batch.restoreSnapshotFn(() => {}).build(), /createSnapshotFn is missing/);
    refused(
      () => SourceBuilder.stream('s', undefined as never).build(),
      /createFn is missing; fillBufferFn is missing/,
    );
  });

  it('with state both are what the job asks for, where there is a store', async () => {
    const kept = stream
      .createSnapshotFn(() => 1)
      .restoreSnapshotFn(() => {})
      .build();
    assert.equal(kept.refuse('exactly-once'), undefined);
    assert.equal(kept.refuse('at-least-once'), undefined);
    assert.equal(kept.defaultGuarantee, 'none');
    const { durable: _, ...plain } = context({ guarantee: 'at-least-once' });
    await assert.rejects(kept.createReader(plain), { code: 'GUARANTEE_UNSUPPORTED' });
  });
});
