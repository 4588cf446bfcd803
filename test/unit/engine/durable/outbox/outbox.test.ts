import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommitUrgency, OutboxRow, OutboxSender } from '../../../../../src/connector/index.js';
import { Outbox } from '../../../../../src/engine/durable/outbox/outbox.js';
import { StoredOutbox } from '../../../../../src/engine/durable/outbox/stored-outbox.js';
import { Overlay } from '../../../../../src/engine/layout/overlay.js';
import { storedAt } from '../../../../../src/engine/layout/values/row-times.js';
import { MemoryStores, type Store } from '../../../../../src/store/index.js';

/** Takes as many rows as it is allowed to. */
class LimitedSender implements OutboxSender {
  readonly name = 'limited';
  urgency: CommitUrgency = 'none';
  low = 0;
  next = 0;
  room = 0;
  /** How many rows each offer had. */
  readonly offers: number[] = [];

  offer(rows: readonly OutboxRow[]): number {
    assert.deepEqual(
      rows.map(({ seq, bytes }) => [seq, bytes[0]]),
      rows.map((_, index) => [this.next + index, (this.next + index) % 256]),
    );
    const taken = Math.min(this.room, rows.length);
    this.offers.push(rows.length);
    this.next += taken;
    this.room -= taken;
    return taken;
  }

  snapshot() {
    return { mark: 0, state: undefined, low: this.low, refused: [] };
  }

  committed(): void {}
}

const commit = async (store: Store, outbox: Outbox, rows: { readonly from: number; readonly to: number }) => {
  for (let seq = rows.from; seq < rows.to; seq += 1) outbox.append({ bytes: new Uint8Array(20).fill(seq) });
  const overlay = new Overlay(store);
  outbox.snapshot();
  outbox.seal(overlay);
  await store.commit(overlay.seal());
  outbox.committed();
};

describe('an outbox offers', () => {
  it('more at once the more is taken, and few where few are taken: what is offered in vain stays little', async () => {
    const sender = new LimitedSender();
    const store = await new MemoryStores().open('job', 0);
    const outbox = new Outbox(store, { sink: 's', outbox: 'o' }, sender, { now: 0 });
    await commit(store, outbox, { from: 0, to: 1000 });
    sender.room = 1000;
    outbox.offer();
    assert.deepEqual(sender.offers, [8, 16, 32, 64, 128, 256, 256, 240]);
    await commit(store, outbox, { from: 1000, to: 2000 });
    sender.offers.length = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      sender.room = 2;
      outbox.offer();
    }
    assert.equal(sender.next, 1200);
    const offered = sender.offers.reduce((sum, rows) => sum + rows, 0);
    assert.ok(offered <= 256 + 99 * 8, `${offered} rows were offered for 200 that were taken`);
  });

  it('rows that were read back a part at a time: none is left out, none comes twice', async () => {
    const sender = new LimitedSender();
    const store = await new MemoryStores().open('job', 0);
    const outbox = new Outbox(store, { sink: 's', outbox: 'o' }, sender, { now: 0 });
    // more than is kept in memory, in chunks that end elsewhere than what is read ahead
    for (let from = 0; from < 15_000; from += 1500) await commit(store, outbox, { from, to: from + 1500 });
    for (let turn = 0; sender.next < 15_000; turn += 1) {
      sender.room = 1 + (turn % 900);
      outbox.offer();
    }
    assert.equal(sender.next, 15_000);
  });
});

describe('an outbox stores', () => {
  it('since when its oldest row waits, over a restart too, and nothing once it is empty', async () => {
    const provider = new MemoryStores();
    const store = await provider.open('job', 0);
    const id = { sink: 's', outbox: 'o' };
    const waitsSince = (): number | undefined => {
      const { times = [], low } = new StoredOutbox(store, id).head();
      return storedAt(times, low);
    };
    const clock = { now: 10_000 };
    const sender = new LimitedSender();
    await commit(store, new Outbox(store, id, sender, clock), { from: 0, to: 3 });
    clock.now = 20_000;
    const outbox = new Outbox(store, id, sender, clock);
    await commit(store, outbox, { from: 3, to: 6 });
    assert.equal(waitsSince(), 10_000);
    sender.low = 3;
    await commit(store, outbox, { from: 6, to: 7 });
    assert.equal(waitsSince(), 20_000);
    sender.low = 7;
    clock.now = 30_000;
    // its commit has no row: that of the last completion
    sender.urgency = 'soon';
    await commit(store, outbox, { from: 7, to: 7 });
    assert.equal(waitsSince(), undefined);
    await commit(store, outbox, { from: 7, to: 8 });
    assert.equal(waitsSince(), 30_000);
  });
});
