import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStores } from '../../src/store/embedded/embedded-stores.js';
import { LmdbStores } from '../../src/store/index.js';
import { serveContender } from '../support/contender.js';
import { ROW_BYTES, rowsOfCommit } from '../support/store-rows.js';

/** So many commits ago is what a commit removes. */
const KEPT = 50;

/*
 * An outbox in the store: each commit adds `window` rows, removes those of an old one and replaces a small record. The client id says in which
 * store, `log` or `lmdb`, and whether the rows of a commit are one record (`chunk`), as the engine writes them, or each is one (`rows`).
 */
await serveContender(async ({ messages, window, clientId }) => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-store-'));
  const [kind, form] = clientId.split(' ');
  const stores = await (kind === 'log' ? EmbeddedStores : LmdbStores).open(dir);
  const store = await stores.open('bench', 0);
  const key = (commit: number, row: number): string => `sink/${String(commit).padStart(9, '0')}/${row}`;
  const batchOf = (commit: number): Map<string, Uint8Array | undefined> => {
    const batch = new Map<string, Uint8Array | undefined>([['source', Buffer.from(String(commit))]]);
    const records = form === 'chunk' ? 1 : window;
    const size = (window * ROW_BYTES) / records;
    const bytes = rowsOfCommit(window, commit);
    for (let row = 0; row < records; row++) {
      batch.set(key(commit, row), bytes.subarray(row * size, (row + 1) * size));
      if (commit >= KEPT) batch.set(key(commit - KEPT, row), undefined);
    }
    return batch;
  };
  return {
    run: async () => {
      for (let commit = 0; commit < messages / window; commit++) await store.commit(batchOf(commit));
    },
    close: async () => {
      await stores.close();
      await rm(dir, { recursive: true });
    },
  };
});
