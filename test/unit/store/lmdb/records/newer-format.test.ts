import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { MillraceError } from '../../../../../src/errors/index.js';
import { LmdbStores } from '../../../../../src/store/index.js';
import { openLmdbFile } from '../../../../../src/store/lmdb/file/lmdb-file.js';
import { encodeCommits } from '../../../../../src/store/lmdb/records/commits-record.js';
import { STORE_FORMAT, writeFormat } from '../../../../../src/store/lmdb/records/format-record.js';
import { encodeOwn } from '../../../../../src/store/lmdb/records/lmdb-records.js';
import { LIMIT } from '../../../../support/limits.js';
import { memoryDir } from '../../../../support/memory-dir.js';
import { historyFile, writeHistory } from '../../../../support/store/run-store-writer.js';

/** The store says from now on that it has this format, and is whole. */
const setFormat = async (path: string, format: number): Promise<void> => {
  const file = await openLmdbFile(path);
  const own = new Map([
    ['format', writeFormat({ job: 'history', partition: 0 }, format)],
    ['commits', encodeCommits(file.facts().commits + 1)],
  ] as const);
  await file.write(encodeOwn(own));
  await file.close();
};

/** Every file of the job, but for the table of readers, which LMDB keeps beside the data. */
const contents = (dir: string): ReadonlyMap<string, string> => {
  const job = dirname(historyFile(dir));
  const names = readdirSync(job).filter((name) => !name.endsWith('-lock'));
  return new Map(names.sort().map((name) => [name, readFileSync(join(job, name), 'hex')]));
};

test('a directory of a newer format is refused, again and again, and not a byte of it changes', LIMIT, async () => {
  const dir = join(memoryDir('newer'), 'store');
  await writeHistory(dir, 50);
  await setFormat(historyFile(dir), STORE_FORMAT + 1);
  const before = contents(dir);
  for (let start = 0; start < 3; start += 1) {
    const stores = await LmdbStores.open(dir);
    await assert.rejects(stores.open('history', 0), (error) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'STORE_VERSION');
      assert.match(error.message, /format 2; this version reads up to 1/);
      return true;
    });
    await stores.close();
    assert.deepEqual(contents(dir), before);
  }
  await setFormat(historyFile(dir), STORE_FORMAT);
  const stores = await LmdbStores.open(dir);
  await stores.open('history', 0);
  await stores.close();
});
