import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogWriter } from '../../../../../src/store/log/log-writer.js';
import { MemoryLogs } from '../../../../../src/store/log/memory/memory-logs.js';
import { MemoryView } from '../../../../../src/store/log/memory/memory-view.js';
import { replay } from '../../../../../src/store/log/opening/replay.js';
import type { LogEntry, PartitionLog } from '../../../../../src/store/log/partition-log.js';
import { encodeBatch } from '../../../../../src/store/log/record/batch-codec.js';
import type { LogPoint } from '../../../../../src/store/log/record/log-point.js';
import { rejectsWith } from '../../../../support/rejects-with.js';
import { HeldView } from '../../../../support/store/held-view.js';
import { until } from '../../../../support/until.js';

const MEBIBYTE = 1024 * 1024;

/** A log with so many commits of a key each, and a value of so many bytes. */
async function filledLog(commits: number, bytes: number): Promise<{ log: PartitionLog; writer: LogWriter }> {
  const log = await new MemoryLogs().open('job', 0);
  const writer = await LogWriter.take(log, 1);
  for (let index = 0; index < commits; index += 1) await writer.append('commit', bodyOf(index, bytes));
  return { log, writer };
}

const keyOf = (index: number): string => `k${String(index).padStart(6, '0')}`;
const bodyOf = (index: number, bytes: number): Buffer =>
  encodeBatch(new Map([[keyOf(index), new Uint8Array(bytes).fill(index)]])).body;

/** The same log; `read` is told of each record that is read. */
const watched = (log: PartitionLog, read: (entry: LogEntry) => void): PartitionLog => ({
  location: log.location,
  identity: log.identity,
  shared: log.shared,
  lost: log.lost,
  maxRecordBytes: log.maxRecordBytes,
  last: () => log.last(),
  append: (record, expected) => log.append(record, expected),
  trim: (upTo) => log.trim(upTo),
  close: () => log.close(),
  async *read(after, upTo) {
    for await (const entry of log.read(after, upTo)) {
      read(entry);
      yield entry;
    }
  },
});

/** A view of which a process was killed while it applied what leads to `reached`. */
class HalfView extends MemoryView {
  readonly #reached: LogPoint;

  constructor(reached: LogPoint) {
    super();
    this.#reached = reached;
  }

  override get reached(): LogPoint {
    return super.applied.seq < this.#reached.seq ? this.#reached : super.applied;
  }
}

describe('replay', () => {
  it('applies many records at once, and reads the next portion, and no more, while one is applied', async () => {
    const { log, writer } = await filledLog(48, MEBIBYTE);
    const view = new HeldView(new MemoryView());
    let read = 0;
    view.hold();
    const replayed = replay(
      watched(log, () => {
        read += 1;
      }),
      view,
      writer.head,
    );
    await until(() => read === 1 + 32);
    await new Promise(setImmediate);
    assert.deepEqual([view.waiting, view.applied.seq, read], [1, 0, 33], 'while the first portion is on its way');
    view.letGo();
    assert.equal(await replayed, 49);
    assert.deepEqual([view.applied, view.reached], [writer.head, writer.head]);
    assert.deepEqual(view.batches.map((batches) => batches.length), [16, 16, 16, 0]); // biome-ignore format: one by one
    for (let index = 0; index < 48; index += 1) assert.equal(view.get(keyOf(index))?.[0], index);
  });

  it('waits for what is on its way into the view when the log turns out to be damaged', async () => {
    const { log, writer } = await filledLog(20, MEBIBYTE);
    const view = new HeldView(new MemoryView());
    view.hold();
    const head = writer.head;
    const damaged = watched(log, (entry) => {
      if (entry.seq === 20) entry.record[60] = 0xff;
    });
    let failed = false;
    const replayed = replay(damaged, view, head).finally(() => {
      failed = true;
    });
    replayed.catch(() => {});
    await until(() => view.waiting === 1);
    await new Promise(setImmediate);
    assert.equal(failed, false);
    view.letGo();
    await rejectsWith('STORE_CORRUPT', replayed);
    assert.equal(view.applied.seq, 17);
  });

  it('makes a view whole of which a part is there already', async () => {
    const { log, writer } = await filledLog(5, 10);
    const view = new HalfView(writer.head);
    assert.equal(await replay(log, view, writer.head), 6);
    assert.deepEqual([view.applied, view.reached], [writer.head, writer.head]);
  });

  it('is STORE_CORRUPT where the log has lost what a view may have a part of, though it was not applied', async () => {
    const { log, writer } = await filledLog(5, 10);
    const { head } = writer;
    const another = { ...head, crc: head.crc ^ 1 };
    await writer.append('commit', bodyOf(9, 10));
    for (const [view, upTo] of [
      [new HalfView({ ...head, seq: head.seq + 2 }), writer.head],
      [new HalfView(another), head],
      [new HalfView(another), writer.head],
    ] as const) {
      await rejectsWith('STORE_CORRUPT', replay(log, view, upTo));
    }
  });
});
