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

  override async apply(batch: StoreBatch, point: LogPoint): Promise<void> {
    this.applies += 1;
    this.during();
    await new Promise(setImmediate);
    await super.apply(batch, point);
  }
}

it('a view gets many small changes at once, all over it, eight times as late as a few large ones', async (t) => {
  // on a slow machine they would come because a second has passed
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const applies = async (size: number, count: number): Promise<number> => {
    const view = new BusyView();
    const writer = new ViewWriter(view, 50_000);
    for (let seq = 1; seq <= count; seq += 1) {
      writer.add(new Map([[`key ${seq}`, new Uint8Array(size)]]), { ...LOG_START, seq, bytes: seq * size });
      if ((seq * size) % 1_000 === 0) await new Promise(setImmediate);
    }
    await writer.catchUp();
    assert.equal(view.applied.seq, count);
    return view.applies;
  };
  const [small, large] = [await applies(10, 80_000), await applies(1_000, 800)];
  assert.ok(small <= 6 && large >= 14, `${small} times, and ${large} times`);
});

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
