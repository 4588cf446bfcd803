import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EmbeddedStores } from '../../../../src/store/embedded/embedded-stores.js';
import { LmdbStores } from '../../../../src/store/index.js';
import type { Store } from '../../../../src/store/store.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { tempDir } from '../../../support/temp-dir.js';

const contentOf = (store: Store): [string, string][] =>
  [...store.range('', '~')].map(({ key, value }) => [key, Buffer.from(value).toString()]);

const put = (...keys: string[]) => new Map(keys.map((key) => [key, Buffer.from(`of ${key}`)]));
const asPut = (...keys: string[]): [string, string][] => keys.map((key) => [key, `of ${key}`]);

/** A directory as earlier versions left it, with one store. */
async function formerDir(...keys: string[]): Promise<string> {
  const dir = tempDir('former');
  const stores = await LmdbStores.open(dir);
  await (await stores.open('job', 0)).commit(put(...keys));
  await stores.close();
  return dir;
}

async function opened<T>(dir: string, work: (store: Store) => Promise<T> | T, partition = 0): Promise<T> {
  const stores = await EmbeddedStores.open(dir);
  try {
    return await work(await stores.open('job', partition));
  } finally {
    await stores.close();
  }
}

const partitionOf = (dir: string): string => {
  const [job = ''] = readdirSync(dir).filter((name) => name.startsWith('job-'));
  return join(dir, job, 'partition-0');
};

describe('a store of an earlier version', () => {
  it('is taken over with all that it has, once, and goes on', async () => {
    const dir = await formerDir('a', 'b');
    await opened(dir, async (store) => {
      assert.deepEqual(contentOf(store), asPut('a', 'b'));
      await store.commit(new Map([...put('c'), ['a', undefined]]));
    });
    await opened(dir, (store) => assert.deepEqual(contentOf(store), asPut('b', 'c')));
    // it is in the log: a view is one that may be lost
    rmSync(`${partitionOf(dir)}.view`);
    await opened(dir, (store) => assert.deepEqual(contentOf(store), asPut('b', 'c')));
  });

  it('that has nothing is taken over too', async () => {
    const dir = await formerDir();
    await opened(dir, (store) => assert.deepEqual(contentOf(store), []));
  });

  it('is not what the earlier version opens again: it refuses the mark, also that of a new store', async () => {
    const taken = await formerDir('a');
    const fresh = tempDir('fresh');
    for (const dir of [taken, fresh]) {
      await opened(dir, () => {});
      const stores = await LmdbStores.open(dir);
      await rejectsWith('STORE_VERSION', stores.open('job', 0));
      await stores.close();
    }
  });

  it('is taken over again where a crash came before the mark: what there is of a log does not count', async () => {
    const dir = await formerDir('a');
    const other = await formerDir('other');
    await opened(other, (store) => store.commit(put('more')));
    for (const ending of ['log', 'blobs', 'view']) {
      cpSync(`${partitionOf(other)}.${ending}`, `${partitionOf(dir)}.${ending}`, { recursive: true });
    }
    await opened(dir, (store) => assert.deepEqual(contentOf(store), asPut('a')));
  });

  it('is left as it was, and nothing beside it, when it is damaged', async () => {
    const dir = await formerDir('a');
    const path = `${partitionOf(dir)}.mdb`;
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf('of a'); at >= 0; at = bytes.indexOf('of a', at + 1)) bytes[at] = 0;
    writeFileSync(path, bytes);
    const stores = await EmbeddedStores.open(dir);
    await rejectsWith('STORE_CORRUPT', stores.open('job', 0));
    await stores.close();
    assert.deepEqual(readFileSync(path), bytes);
    assert.equal(existsSync(`${partitionOf(dir)}.log`), false);
  });
});

describe('a store in a directory', () => {
  it('is STORE_CORRUPT where its log was taken away, and does not begin anew', async () => {
    const dir = tempDir('lost');
    await opened(dir, (store) => store.commit(put('a')));
    rmSync(`${partitionOf(dir)}.log`, { recursive: true });
    const stores = await EmbeddedStores.open(dir);
    await rejectsWith('STORE_CORRUPT', stores.open('job', 0));
    await stores.close();
  });

  it('keeps its log where the mark is damaged, cut short or a link: that is an error, and mended all is there', async () => {
    const dir = tempDir('mark');
    await opened(dir, (store) => store.commit(put('a')));
    const path = `${partitionOf(dir)}.mdb`;
    const mark = readFileSync(path);
    const flipped = (at: number): Buffer => Buffer.from(mark).fill((mark[at] ?? 0) ^ 1, at, at + 1);
    const elsewhere = join(dir, 'elsewhere');
    writeFileSync(elsewhere, 'precious');
    const damages = [
      ...Array.from(
        { length: 12 },
        (_, part) => () => writeFileSync(path, flipped(Math.floor((part * mark.length) / 12))),
      ),
      ...[0, 1, 100, mark.length - 1].map((length) => () => writeFileSync(path, mark.subarray(0, length))),
      () => writeFileSync(path, Buffer.concat([mark, mark])),
      () => symlinkSync(elsewhere, path),
    ];
    const log = readdirSync(`${partitionOf(dir)}.log`);
    for (const damage of damages) {
      rmSync(path);
      // else each is tried in a process of its own
      rmSync(`${path}.opening`, { force: true });
      damage();
      const stores = await EmbeddedStores.open(dir);
      const error = await stores.open('job', 0).then(
        () => undefined,
        ({ code }) => code,
      );
      assert.match(String(error), /^(STORE_CORRUPT|STORE_VERSION|INVALID_OPTIONS)$/);
      await stores.close();
      assert.deepEqual(readdirSync(`${partitionOf(dir)}.log`), log);
    }
    rmSync(path);
    writeFileSync(path, mark);
    await opened(dir, (store) => assert.deepEqual(contentOf(store), asPut('a')));
  });

  it('gets its mark where a crash came between the log and that', async () => {
    const dir = tempDir('unmarked');
    await opened(dir, (store) => store.commit(put('a')));
    rmSync(`${partitionOf(dir)}.mdb`);
    await opened(dir, (store) => assert.deepEqual(contentOf(store), asPut('a')));
    assert.ok(existsSync(`${partitionOf(dir)}.mdb`));
  });
});
