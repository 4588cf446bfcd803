import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openLmdbFile } from '../../../../../src/store/lmdb/file/lmdb-file.js';
import { LmdbStores } from '../../../../../src/store/lmdb/lmdb-stores.js';
import { OpeningMark } from '../../../../../src/store/lmdb/opening/opening-mark.js';
import { findDamage } from '../../../../../src/store/lmdb/opening/try-store.js';
import { readLmdbHeader } from '../../../../../src/store/lmdb/pages/lmdb-header.js';
import { LIMIT } from '../../../../support/limits.js';
import { memoryDir } from '../../../../support/memory-dir.js';
import { rejectsWith } from '../../../../support/rejects-with.js';
import { historyFile, recoverHistory, writeHistory } from '../../../../support/store/run-store-writer.js';

const PAGE = 4096;
const markOf = (path: string): string => `${path}.opening`;
const left = (path: string, state: string, ageMs: number, short: number): void =>
  writeFileSync(markOf(path), JSON.stringify({ state, since: Date.now() - ageMs, short }));

describe('opening mark (X8)', () => {
  it('makes a store suspect whose last owner came to an end while it opened it, or tore the mark', LIMIT, async () => {
    const path = join(memoryDir('mark'), 'file');
    assert.equal((await OpeningMark.make(path)).suspect, false);
    assert.equal((await OpeningMark.make(path)).suspect, true);
    writeFileSync(markOf(path), '{"state":"runn');
    assert.equal((await OpeningMark.make(path)).suspect, true);
  });

  it(
    'makes one suspect after five short runs in a row, however they ended, and not after a long one',
    LIMIT,
    async () => {
      const path = join(memoryDir('mark'), 'file');
      const after = async (ageMs: number, short: number): Promise<boolean> => {
        left(path, 'running', ageMs, short);
        return (await OpeningMark.make(path)).suspect;
      };
      assert.equal(await after(1000, 0), false);
      assert.equal(await after(1000, 4), true);
      assert.equal(await after(120_000, 4), false);
      left(path, 'running', 1000, 0);
      for (const suspect of [false, false, false, false, true, false, false]) {
        const mark = await OpeningMark.make(path);
        assert.equal(mark.suspect, suspect);
        await mark.passed();
      }
    },
  );

  it('is there while the store is open, and gone when it is closed or refused', LIMIT, async () => {
    const dir = join(memoryDir('mark'), 'store');
    const stores = await LmdbStores.open(dir);
    const path = historyFile(dir);
    const store = await stores.open('history', 0);
    assert.equal(JSON.parse(readFileSync(markOf(path), 'utf8')).state, 'opening');
    await store.commit(new Map([['key', Uint8Array.of(1)]]));
    assert.equal(JSON.parse(readFileSync(markOf(path), 'utf8')).state, 'running');
    await store.close();
    assert.ok(!existsSync(markOf(path)));
    await stores.close();
  });

  it('a suspect store that is whole is tried and goes on', LIMIT, async () => {
    const dir = join(memoryDir('mark'), 'store');
    await writeHistory(dir, 10, 80);
    left(historyFile(dir), 'opening', 0, 0);
    assert.equal(await recoverHistory(dir, 80), 9);
    assert.ok(!existsSync(markOf(historyFile(dir))));
  });

  it('a suspect store that is damaged is STORE_CORRUPT, and stays suspect', LIMIT, async () => {
    const dir = join(memoryDir('mark'), 'store');
    await writeHistory(dir, 10, 80);
    const path = historyFile(dir);
    const bytes = readFileSync(path);
    const { records } = await readLmdbHeader(path);
    bytes.writeUInt16LE(0xfff, (records.root ?? 0) * PAGE + 20);
    writeFileSync(path, bytes);
    const stores = await LmdbStores.open(dir);
    for (const _ of [1, 2]) {
      left(path, 'opening', 0, 0);
      await rejectsWith('STORE_CORRUPT', stores.open('history', 0));
      assert.ok(existsSync(markOf(path)));
    }
    await stores.close();
  });

  it('trying a store reads all of it and changes nothing', LIMIT, async () => {
    const dir = join(memoryDir('mark'), 'store');
    await writeHistory(dir, 10, 80);
    const path = historyFile(dir);
    const before = readFileSync(path);
    assert.equal(await findDamage(path), undefined);
    assert.ok(before.equals(readFileSync(path)));
    const file = await openLmdbFile(path);
    const { commits } = file.facts();
    file.tryWrite();
    assert.equal(file.facts().commits, commits);
    await file.close();
  });
});
