import { readFile, stat, truncate } from 'node:fs/promises';
import { corruptError } from '../../storage-error.js';
import { type Flushing, type LmdbFile, openLmdbFile } from '../file/lmdb-file.js';
import { findDamagedPage } from '../pages/check-pages.js';
import { type LmdbHeader, readLmdbHeader } from '../pages/lmdb-header.js';
import { hasMissingPages } from '../pages/missing-pages.js';

/**
 * Opens a file that is there, when LMDB can be trusted with it: its headers, its length and, of a small one, all pages were looked at.
 * @throws MillraceError STORE_CORRUPT, and what LMDB and the file system throw
 */
export async function openCheckedFile(path: string, flushing?: Flushing): Promise<LmdbFile> {
  const header = await readLmdbHeader(path);
  await checkSmallFile(path, header);
  const file = await openLmdbFile(path, flushing);
  try {
    await checkLength(path, file.facts().bytes, header);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** All pages of a file up to this size are looked at at each opening, within a few milliseconds; of a larger one after a bad end. */
const SMALL_BYTES = 1024 * 1024;

/** What LMDB would believe of a damaged page may end the process (X8). */
async function checkSmallFile(path: string, header: LmdbHeader): Promise<void> {
  const { size } = await stat(path);
  if (size > SMALL_BYTES) return;
  const bytes = await readFile(path);
  const { pageSize } = header;
  const problem = findDamagedPage(
    {
      count: Math.floor(bytes.byteLength / pageSize),
      read: (page) => bytes.subarray(page * pageSize, (page + 1) * pageSize),
    },
    header,
  );
  if (problem !== undefined) throw corruptError(`${path}: ${problem}`);
}

/**
 * Refuses a file that was cut short: reading a page of the map that is not in the file would end the process (SIGBUS). What LMDB left
 * away because it does not use it is filled up.
 */
async function checkLength(path: string, bytes: number, header: LmdbHeader): Promise<void> {
  const { size } = await stat(path);
  if (size >= bytes) return;
  if (await hasMissingPages(path, header))
    throw corruptError(`${path} was cut short: it has ${size} bytes of ${bytes}`);
  await truncate(path, bytes);
}
