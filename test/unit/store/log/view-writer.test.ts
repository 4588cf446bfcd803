import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryView } from '../../../../src/store/log/memory/memory-view.js';
import { LOG_START, type LogPoint } from '../../../../src/store/log/record/log-point.js';
import { ViewWriter } from '../../../../src/store/log/view-writer.js';
import type { StoreBatch } from '../../../../src/store/store.js';

/** A view that gets more with each transaction. */
class BusyView extends MemoryView {
  applies = 0;
  during: () => void = () => {};

  override async apply(batches: readonly StoreBatch[], point: LogPoint): Promise<void> {
    this.applies += 1;
    this.during();
    await new Promise(setImmediate);
    await super.apply(batches, point);
  }
}

it('a view has caught up when it has what the log had then, although more comes all the time', async () => {
  const view = new BusyView();
  const writer = new ViewWriter(view, 100);
  let seq = 0;
  const add = (): void => {
    seq += 1;
    writer.add(new Map([['a', Buffer.from(String(seq))]]), { ...LOG_START, seq, bytes: seq * 1_000 });
  };
  view.during = () => seq < 1_000 && add();
  add();
  add();
  await writer.catchUp();
  assert.ok(view.applied.seq >= 2);
  assert.ok(view.applies <= 3, `${view.applies} transactions`);
  await writer.idle();
  assert.equal(view.applied.seq, 1_000);
});
