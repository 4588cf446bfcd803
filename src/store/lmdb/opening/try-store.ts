import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { openLmdbFile } from '../file/lmdb-file.js';
import { findDamagedPage } from '../pages/check-pages.js';
import { type LmdbHeader, readLmdbHeader } from '../pages/lmdb-header.js';
import { LmdbRecords } from '../records/lmdb-records.js';

/** At once, so that a large store does not have to fit in memory. */
const RECORDS = 512;
const BYTES = 1024 * 1024;
/** Above all keys that a store can have. */
const END = '\u{10ffff}'.repeat(8);

/**
 * Looks at all pages of a store, reads all of its records, and begins a commit that is thrown away. To be called in a process that may be
 * ended by it. Gives what is wrong.
 */
export async function findDamage(path: string): Promise<string | undefined> {
  const header = await readLmdbHeader(path);
  const page = findInPages(path, header);
  if (page !== undefined) return page;
  const file = await openLmdbFile(path);
  try {
    readAll(new LmdbRecords(file, path));
    file.tryWrite();
    return undefined;
  } finally {
    await file.close();
  }
}

function findInPages(path: string, header: LmdbHeader): string | undefined {
  const file = openSync(path, 'r');
  const page = Buffer.alloc(header.pageSize);
  try {
    const count = Math.floor(fstatSync(file).size / header.pageSize);
    const read = (number: number): Buffer => {
      readSync(file, page, 0, header.pageSize, number * header.pageSize);
      return page;
    };
    return findDamagedPage({ count, read }, header);
  } finally {
    closeSync(file);
  }
}

function readAll(records: LmdbRecords): void {
  for (let from = ''; ; ) {
    const slice = records.slice({ from, to: END, after: from !== '', limit: RECORDS, maxBytes: BYTES });
    const last = slice.at(-1);
    if (last === undefined) return;
    from = last.key;
  }
}
