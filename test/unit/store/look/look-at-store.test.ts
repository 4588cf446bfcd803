import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { EmbeddedStores } from '../../../../src/store/embedded/embedded-stores.js';
import { LmdbStores } from '../../../../src/store/index.js';
import { findStores } from '../../../../src/store/look/found-stores.js';
import { lookAtStore } from '../../../../src/store/look/look-at-store.js';
import type { StoreLook } from '../../../../src/store/look/store-look.js';
import type { Store } from '../../../../src/store/store.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { tempDir } from '../../../support/temp-dir.js';

const KEYS = 40;

/** After commit `n` the store has the number of each key that was put last, and no key that a later commit removed. */
const batchOf = (n: number): Map<string, Buffer | undefined> =>
  new Map([
    ['n', Buffer.from(`${n}`)],
    [`key ${n % KEYS}`, Buffer.from(`${n} ${'x'.repeat(n % 300)}`)],
    [`key ${(n + 7) % KEYS}`, undefined],
  ]);

const stateAfter = (n: number): Map<string, string> => {
  const state = new Map<string, string>();
  for (let commit = 1; commit <= n; commit += 1) {
    for (const [key, value] of batchOf(commit)) {
      if (value === undefined) state.delete(key);
      else state.set(key, value.toString());
    }
  }
  return state;
};

const contentOf = async ({ records }: StoreLook): Promise<Map<string, string>> => {
  const content = new Map<string, string>();
  for await (const { key, value } of records.records(() => true)) {
    assert.ok(!content.has(key), `${key} comes twice`);
    content.set(key, Buffer.from(value).toString());
  }
  return content;
};

const theStore = async (dir: string) => {
  const { stores, problems } = await findStores(dir);
  assert.deepEqual([stores.length, problems], [1, []]);
  const [store] = stores;
  if (store === undefined) throw new Error('there is one');
  return store;
};

const look = async (dir: string) =>
  lookAtStore(await theStore(dir), async (seen) => ({ content: await contentOf(seen), seen }));

const messages = (seen: StoreLook): string =>
  [seen.problem, ...seen.records.problems].map((one) => one?.message).join('\n');

const commitAll = async (store: Store, from: number, to: number): Promise<void> => {
  for (let n = from; n <= to; n += 1) await store.commit(batchOf(n));
};

describe('a look at a store', () => {
  it('beside its owner shows what one commit left, over snapshots, segments that come and go, and a crash', async () => {
    const dir = tempDir('look');
    const stores = await EmbeddedStores.open(dir, { segmentBytes: 4096, snapshotBytes: 60_000, behindBytes: 1 });
    const store = await stores.open('a job', 0);
    let written = 0;
    let looks = 0;
    const writing = (async () => {
      for (; written < 900 || looks < 20; written += 1) await store.commit(batchOf(written + 1));
    })();
    for (; looks < 20; looks += 1) {
      const { content, seen } = await look(dir);
      assert.equal(messages(seen), '');
      const n = Number(content.get('n') ?? 0);
      assert.ok(n <= written + 1);
      assert.deepEqual(content, stateAfter(n));
    }
    await writing;
    const last = await look(dir);
    assert.deepEqual(last.content, stateAfter(written));
    assert.ok((last.seen.log?.snapshot?.seq ?? 0) > 0);
    // what a kill -9 leaves: no lock, no order
    const crashed = tempDir('look-crashed');
    cpSync(dir, crashed, { recursive: true });
    assert.deepEqual((await look(crashed)).content, stateAfter(written));
    await stores.close();
    assert.deepEqual((await look(dir)).content, stateAfter(written));
  });

  it('reads what an earlier version left, large values too, and tells pages that are damaged', async () => {
    const dir = tempDir('look-former');
    const stores = await LmdbStores.open(dir);
    const store = await stores.open('Job Ä', 0);
    const all = new Map(Array.from({ length: 3_000 }, (_, n) => [`key ${n}`, Buffer.from(`value ${n}`)]));
    all.set('large', Buffer.alloc(100_000, 'l'));
    await store.commit(all);
    const beside = await look(dir);
    assert.deepEqual(beside.content, new Map([...all].map(([key, value]) => [key, value.toString()])));
    assert.deepEqual([beside.seen.job, beside.seen.log, messages(beside.seen)], ['Job Ä', undefined, '']);
    await stores.close();

    const file = `${(await theStore(dir)).path}.mdb`;
    const bytes = readFileSync(file);
    const [at, large] = [bytes.indexOf('value 1500'), bytes.indexOf('l'.repeat(5_000))];
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    // the number that the first page of the large value says it has
    bytes.writeUInt32LE(7_777, large - (large % 4096));
    writeFileSync(file, bytes);
    const damaged = await look(dir);
    assert.match(messages(damaged.seen), /checksum of a record is wrong/);
    assert.match(messages(damaged.seen), /says that it is another/);
    assert.equal(damaged.content.size, all.size - 2);
  });

  it('tells a snapshot that is damaged, and shows what the log has behind it', async () => {
    const dir = tempDir('look-damaged');
    const stores = await EmbeddedStores.open(dir, { segmentBytes: 4096, snapshotBytes: 20_000 });
    const store = await stores.open('job', 0);
    await commitAll(store, 1, 400);
    await stores.close();
    const { path } = await theStore(dir);
    const [blob = ''] = readdirSync(`${path}.blobs`).sort().reverse();
    const bytes = readFileSync(join(`${path}.blobs`, blob));
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(join(`${path}.blobs`, blob), bytes);
    const { content, seen } = await look(dir);
    assert.match(messages(seen), new RegExp(`the snapshot ${blob} .*checksum of a slice is wrong`));
    assert.equal(content.get('n'), '400');
  });

  it('follows no link, of the directory, of a job, of a log or of snapshots', async () => {
    const dir = tempDir('look-link');
    const stores = await EmbeddedStores.open(dir);
    await commitAll(await stores.open('job', 0), 1, 5);
    await stores.close();
    const { path, directory } = await theStore(dir);
    const elsewhere = tempDir('look-elsewhere');

    symlinkSync(dir, join(elsewhere, 'link'));
    assert.match(
      (await rejectsWith('INVALID_OPTIONS', findStores(join(elsewhere, 'link')))).message,
      /is a symbolic link/,
    );
    for (const ending of ['log', 'blobs']) {
      renameSync(`${path}.${ending}`, join(elsewhere, ending));
      symlinkSync(join(elsewhere, ending), `${path}.${ending}`);
      assert.match((await rejectsWith('INVALID_OPTIONS', look(dir))).message, /is a symbolic link/);
      renameSync(`${path}.${ending}`, join(elsewhere, `${ending}.link`));
      renameSync(join(elsewhere, ending), `${path}.${ending}`);
    }
    const parent = join(elsewhere, 'parent');
    mkdirSync(parent, { mode: 0o700 });
    symlinkSync(directory, join(parent, basename(directory)));
    const { stores: none, problems } = await findStores(parent);
    assert.deepEqual(none, []);
    assert.match(problems[0]?.message ?? '', /is a symbolic link/);
  });
});
