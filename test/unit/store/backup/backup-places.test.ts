import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DirectoryStores } from '../../../../src/store/directory-stores.js';
import { backupDirectory } from '../../../../src/store/index.js';
import { tempDir } from '../../../support/temp-dir.js';

const refusal = (message: RegExp) => ({ code: 'INVALID_OPTIONS', message });

/** A directory of an engine with one value in it. */
const directoryIn = async (place: string): Promise<string> => {
  const dir = join(place, 'state');
  const stores = new DirectoryStores(dir, { onSnapshotFailed: () => {} });
  const store = await stores.open('job', 0);
  await store.commit(new Map([['key', new Uint8Array(1)]]));
  await stores.close();
  return dir;
};

test('a copy that would lie in what it is of is refused, also by a link or under a name with dots, and leaves nothing there', async () => {
  const place = tempDir('backup');
  const dir = await directoryIn(place);
  symlinkSync(dir, join(place, 'link'));
  const before = readdirSync(dir);
  const inside = ['.', 'copy', '..copy', join('deep', 'copy')].map((name) => join(dir, name));
  for (const to of [...inside, join(place, 'link', 'copy'), join(place, 'link', 'deep', 'copy')])
    await assert.rejects(backupDirectory(dir, to), refusal(/would lie in what it is of/), to);
  await assert.rejects(backupDirectory(join(place, 'link'), join(dir, 'copy')), refusal(/would lie in what it is of/));
  assert.deepEqual(readdirSync(dir), before);
});

test('a place beside it is none of it, whatever it is called; one that is taken, and a source that is not there, are refused', async () => {
  const place = tempDir('backup');
  const dir = await directoryIn(place);
  for (const name of ['state-copy', '..copy', 'deep/copy']) {
    const { partitions } = await backupDirectory(dir, join(place, name));
    assert.deepEqual(
      partitions.map(({ job, records }) => ({ job, records })),
      [{ job: 'job', records: 1 }],
    );
  }
  mkdirSync(join(place, 'taken'));
  await assert.rejects(backupDirectory(dir, join(place, 'taken')), refusal(/taken is there already/));
  await assert.rejects(backupDirectory(join(place, 'none'), join(place, 'copy')), refusal(/there is no directory/));
  assert.equal(existsSync(join(place, 'copy')), false);
});
