import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogStores } from '../../../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../../../src/store/log/memory/memory-logs.js';
import { MemoryView } from '../../../../src/store/log/memory/memory-view.js';
import { MemoryViews } from '../../../../src/store/log/memory/memory-views.js';
import type { Store, StoreBatch } from '../../../../src/store/store.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { HeldView, viewsOf } from '../../../support/store/held-view.js';
import { until } from '../../../support/until.js';

const put = (...keys: string[]) => new Map(keys.map((key) => [key, Buffer.from(key)]));
const remove = (...keys: string[]) => new Map(keys.map((key) => [key, undefined]));
const keysOf = (store: Store): string[] => [...store.range('', '~')].map(({ key }) => key);

/** @param behindBytes 0: what the log has goes into the view at once */
async function openHeld(behindBytes = 0) {
  const logs = new MemoryLogs();
  const view = new HeldView(new MemoryView());
  const store = await new LogStores({ logs, views: viewsOf(view), behindBytes }).open('job', 0);
  return { logs, view, store };
}

describe('LogStore', () => {
  it('shows a commit that the log has, whether the view has it or not', async () => {
    const { view, store } = await openHeld();
    await store.commit(put('a', 'b', 'd'));
    await until(() => view.get('d') !== undefined);
    view.hold();
    await store.commit(put('c', 'e'));
    await store.commit(remove('b', 'e', 'x'));
    const check = () => {
      assert.deepEqual(keysOf(store), ['a', 'c', 'd']);
      assert.equal(store.get('b'), undefined);
      assert.equal(store.get('e'), undefined);
      assert.deepEqual(store.get('c'), new Uint8Array(Buffer.from('c')));
    };
    check();
    assert.equal(view.get('c'), undefined);
    view.letGo();
    await until(() => view.get('c') !== undefined && view.get('b') === undefined);
    check();
  });

  it('leaves out nothing of a range that was begun before the view got it', async () => {
    const { view, store } = await openHeld();
    const many = Array.from({ length: 100 }, (_, index) => `k${String(index).padStart(3, '0')}`);
    await store.commit(put(...many.filter((_, index) => index % 2 === 0)));
    await until(() => view.get('k098') !== undefined);
    view.hold();
    await store.commit(put(...many.filter((_, index) => index % 2 === 1)));
    const seen: string[] = [];
    for (const { key } of store.range('', '~')) {
      seen.push(key);
      if (seen.length === 3) {
        view.letGo();
        await until(() => view.get('k099') !== undefined);
      }
    }
    assert.deepEqual(seen, many);
  });

  it('keeps a later change that waits when the view gets an earlier one', async () => {
    const { view, store } = await openHeld();
    view.hold();
    await store.commit(put('a'));
    await until(() => view.waiting === 1);
    await store.commit(remove('a'));
    view.letGo();
    view.hold();
    await until(() => view.get('a') !== undefined && view.waiting === 1);
    assert.equal(store.get('a'), undefined);
    assert.deepEqual(keysOf(store), []);
    view.letGo();
  });

  it('writes the view when the log has grown enough, once, and without what came and went meanwhile', async () => {
    const { view, store } = await openHeld(10_000);
    const large = new Uint8Array(1_000);
    for (let commit = 0; commit < 100; commit += 1) {
      await store.commit(new Map([[`row ${commit}`, large]]));
      await store.commit(new Map([[`row ${commit}`, undefined]]));
    }
    await store.commit(put('a'));
    await until(() => view.batches.length > 0);
    const applied = view.batches.flat();
    // ten rows of a thousand bytes for each
    assert.ok(view.batches.length <= 11, `${view.batches.length} transactions for 201 commits`);
    const rows = applied.flatMap((batch) => [...batch.values()]).filter((value) => value !== undefined);
    assert.ok(rows.length <= view.batches.length, `${rows.length} of 100 rows were written to the view`);
    assert.deepEqual(keysOf(store), ['a']);
    await store.close();
    assert.deepEqual(view.get('a'), new Uint8Array(Buffer.from('a')));
  });

  it('writes the view within about a second where the log grows slowly', async () => {
    const { view, store } = await openHeld(10_000);
    const before = view.batches.length;
    await store.commit(put('a'));
    assert.equal(view.get('a'), undefined);
    await until(() => view.get('a') !== undefined);
    await store.commit(put('b'));
    await until(() => view.get('b') !== undefined);
    assert.equal(view.batches.length, before + 2);
  });

  it('has after a crash what the view never got', async () => {
    const { logs, view, store } = await openHeld(10_000);
    await store.commit(put('a', 'b'));
    await store.commit(remove('b'));
    assert.equal(view.get('a'), undefined);
    const next = await new LogStores({ logs, views: viewsOf(view) }).open('job', 0);
    assert.deepEqual(keysOf(next), ['a']);
  });

  const large = new Uint8Array(16 * 1024 * 1024);
  const many = (kind: string): StoreBatch =>
    new Map(Array.from({ length: 100_000 }, (_, index) => [`${kind}${index}`, undefined]));
  const behind: [string, readonly StoreBatch[]][] = [
    ['32 MiB', [new Map([['a', large]]), new Map([['b', large]])]],
    ['200,000 changes', [put('a', 'b'), many('x'), many('y')]],
  ];
  for (const [howFar, batches] of behind) {
    it(`lets commits wait when the view is ${howFar} behind, has it written, and goes on then`, async () => {
      const { view, store } = await openHeld(1e9);
      view.hold();
      for (const batch of batches) await store.commit(batch);
      let settled = false;
      const next = store.commit(put('c')).then(() => {
        settled = true;
      });
      await new Promise(setImmediate);
      assert.equal(settled, false);
      assert.equal(view.waiting, 1);
      view.letGo();
      await next;
      assert.deepEqual(keysOf(store), ['a', 'b', 'c']);
    });
  }

  it('is dead when the view cannot be written, and still shows all that is durable', async () => {
    const { logs, view, store } = await openHeld();
    view.hold();
    await store.commit(put('a'));
    await until(() => view.waiting === 1);
    view.fail();
    await new Promise(setImmediate);
    await rejectsWith('STORE_FULL', store.commit(put('b')));
    await rejectsWith('STORE_FULL', store.commit(put('c')));
    assert.deepEqual(keysOf(store), ['a']);
    await store.close();
    const next = await new LogStores({ logs, views: new MemoryViews() }).open('job', 0);
    assert.deepEqual(keysOf(next), ['a']);
  });

  it('shows a commit that the log takes while the view fails', async () => {
    const { view, store } = await openHeld();
    view.hold();
    await store.commit(put('a'));
    await until(() => view.waiting === 1);
    view.fail();
    await store.commit(put('b'));
    assert.deepEqual(keysOf(store), ['a', 'b']);
  });

  it('is fenced by the next owner: its commit is refused and changes nothing', async () => {
    const logs = new MemoryLogs();
    const former = await new LogStores({ logs, views: new MemoryViews() }).open('job', 0);
    await former.commit(put('a'));
    const next = await new LogStores({ logs, views: new MemoryViews() }).open('job', 0);
    await rejectsWith('STORE_FENCED', former.commit(put('late')));
    await rejectsWith('STORE_FENCED', former.commit(put('later')));
    await next.commit(put('b'));
    assert.deepEqual(keysOf(next), ['a', 'b']);
    await former.close();
  });

  it('leaves nothing of a commit that the log refused in its view', async () => {
    const logs = new MemoryLogs();
    const view = new MemoryView();
    const former = await new LogStores({ logs, views: viewsOf(view) }).open('job', 0);
    await former.commit(put('a'));
    const next = await new LogStores({ logs, views: new MemoryViews() }).open('job', 0);
    await rejectsWith('STORE_FENCED', former.commit(put('late')));
    await former.close();
    await next.close();
    const again = await new LogStores({ logs, views: viewsOf(view) }).open('job', 0);
    assert.deepEqual(keysOf(again), ['a']);
  });

  it('is STORE_CORRUPT where the view has more than the log, which then lost what it acknowledged', async () => {
    const logs = new MemoryLogs();
    const view = new MemoryView();
    const store = await new LogStores({ logs, views: viewsOf(view) }).open('job', 0);
    await store.commit(put('a'));
    await store.close();
    await view.apply(new Map(), { ...view.applied, seq: 50 });
    await rejectsWith('STORE_CORRUPT', new LogStores({ logs, views: viewsOf(view) }).open('job', 0));
  });

  it('is STORE_CORRUPT where the log lost the last record that the view has, and the fence stands in its place', async () => {
    const logs = new MemoryLogs();
    const view = new MemoryView();
    const store = await new LogStores({ logs, views: viewsOf(view) }).open('job', 0);
    await store.commit(put('a'));
    await store.close();
    const { seq, number, crc } = view.applied;
    await view.apply(put('b'), { ...view.applied, seq: seq + 1, number: number + 1, crc: crc ^ 1 });
    await rejectsWith('STORE_CORRUPT', new LogStores({ logs, views: viewsOf(view) }).open('job', 0));
  });

  it('can be opened again, and has closed its log, where its view fails to close', async () => {
    const logs = new MemoryLogs();
    let fails = true;
    const close = async (): Promise<void> => {
      if (fails) throw new Error('no');
    };
    const stores = new LogStores({ logs, views: viewsOf(Object.assign(new MemoryView(), { close })) });
    const store = await stores.open('job', 0);
    await assert.rejects(store.close());
    fails = false;
    const again = await stores.open('job', 0);
    await again.close();
  });

  it('is STORE_CORRUPT where the log goes on otherwise than the view has it', async () => {
    const logs = new MemoryLogs();
    const view = new MemoryView();
    const store = await new LogStores({ logs, views: viewsOf(view) }).open('job', 0);
    await store.commit(put('a'));
    await store.close();
    await view.apply(new Map(), { ...view.applied, crc: view.applied.crc ^ 1 });
    await rejectsWith('STORE_CORRUPT', new LogStores({ logs, views: viewsOf(view) }).open('job', 0));
  });
});
