import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { open } from 'lmdb';
import { MessageDigests } from '../../../../../src/mqtt/protocol/session/finished/message-digests.js';
import { fromStoredPages, toStoredPages } from '../../../../../src/mqtt/source/durable/stored-memory.js';
import { LmdbStores } from '../../../../../src/store/lmdb/lmdb-stores.js';
import { tempDir } from '../../../../support/temp-dir.js';

const PREFIX = 'page/source/';
const IDS = 65_535;
/** Twice as many are the latest, three times as many are not. */
const IDS_OF_A_COMMIT = 249;
/** What a page of LMDB has room for beside nine names. */
const OTHERS = 20;
const OTHER = new Uint8Array(128);

it('R2b: with the digests of all packet ids the tree of an LMDB file is as flat as without, and none is lost', async () => {
  const stores = await LmdbStores.open(tempDir('digests'));
  const store = await stores.open('job', 0);
  await store.commit(new Map(Array.from({ length: OTHERS }, (_, index) => [`other/${index}`, OTHER])));
  const digests = new MessageDigests();
  for (let id = 1; id <= IDS; id += 1) {
    digests.set(id, id);
    if (id % IDS_OF_A_COMMIT !== 0 && id < IDS) continue;
    const pages = [...toStoredPages(digests.takeChanged())];
    await store.commit(new Map(pages.map(([page, value]) => [PREFIX + page, value])));
  }
  const records = [...store.range(PREFIX, `${PREFIX}:`)];
  const stored = new Map(records.map(({ key, value }) => [key.slice(PREFIX.length), value]));
  await stores.close();
  assert.equal(treeDepth(stores.location), 1);
  const again = new MessageDigests(fromStoredPages(stored, 'source'));
  for (let id = 1; id <= IDS; id += 1) assert.equal(again.get(id), id);
});

function treeDepth(directory: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const file = files.find((name) => name.endsWith('.mdb')) ?? '';
  return Object(open({ path: join(directory, file), noSubdir: true, readOnly: true }).getStats()).treeDepth;
}
