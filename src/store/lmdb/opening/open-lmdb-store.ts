import { constants } from 'node:fs';
import { lstat, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { syncFoundName, syncNewName } from '../../../internal/files/sync-name.js';
import { corruptError, storageError } from '../../storage-error.js';
import { syncFile } from '../directory/private-directory.js';
import { identityOf } from '../file/file-identity.js';
import { openLmdbFile } from '../file/lmdb-file.js';
import { LmdbStore } from '../lmdb-store.js';
import { findDamagedPage } from '../pages/check-pages.js';
import { type LmdbHeader, readLmdbHeader } from '../pages/lmdb-header.js';
import { hasMissingPages } from '../pages/missing-pages.js';
import { checkCommits, encodeCommits } from '../records/commits-record.js';
import { checkFormat, type StoreName, writeFormat } from '../records/format-record.js';
import { encodeOwn, LmdbRecords } from '../records/lmdb-records.js';
import { OpeningMark } from './opening-mark.js';
import { tryInChild } from './try-in-child.js';

/** What is opened, by whom. */
export interface OpenRequest {
  /** Its directory is there, and ours alone. */
  readonly path: string;
  /** What the file must say of itself (`checkFormat`). */
  readonly name: StoreName;
  /** Called once, when the store is closed. */
  readonly onClosed: () => void;
}

/**
 * Opens the store in a file that nobody else has open, or makes it. Its time does not depend on the number of records.
 *
 * What it shows afterwards is durable: a process that was killed may have left a commit, or the file's name, in the page cache that
 * the disk never got, and what is acknowledged because of it would be lost with the power. So both are flushed before it is read.
 */
export async function openLmdbStore(request: OpenRequest): Promise<LmdbStore> {
  try {
    if (await exists(request.path)) await syncFoundName(request.path);
    else await makeFile(request);
    await syncFile(request.path);
    return await openMarked(request);
  } catch (error) {
    throw storageError(error, `cannot open the store ${request.path}`);
  }
}

/** More than the first commit writes. */
const FIRST_BYTES = 64 * 1024;

/** Makes it under another name first: a file under its own name has been whole at some time, and is damaged where it is not. */
async function makeFile({ path, name }: OpenRequest): Promise<void> {
  const unfinished = `${path}.new`;
  await removeFile(unfinished);
  // On a full disk this fails with an error; LMDB's own first write would end the process.
  await provideRoom(unfinished);
  const file = await openLmdbFile(unfinished);
  try {
    await file.write(
      encodeOwn(
        new Map([
          ['format', writeFormat(name)],
          ['commits', encodeCommits(1)],
        ]),
      ),
    );
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  await removeFile(unfinished);
  await syncNewName(path);
}

async function provideRoom(path: string): Promise<void> {
  const file = await openOwnFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  try {
    await file.writeFile(Buffer.alloc(FIRST_BYTES));
    await file.truncate(0);
  } finally {
    await file.close();
  }
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}-lock`, { force: true });
}

/** The mark stays where opening ends the process, and where the store is damaged: the next one is to try it first, too (X8). */
async function openMarked(request: OpenRequest): Promise<LmdbStore> {
  const mark = await OpeningMark.make(request.path);
  try {
    if (mark.suspect) await tryInChild(request.path);
    return await openFile(request, mark);
  } catch (error) {
    if (storageError(error, '').code !== 'STORE_CORRUPT') await mark.clear();
    throw error;
  }
}

async function openFile({ path, name, onClosed }: OpenRequest, mark: OpeningMark): Promise<LmdbStore> {
  const header = await readLmdbHeader(path);
  await checkSmallFile(path, header);
  const file = await openLmdbFile(path);
  try {
    const { commits, bytes } = file.facts();
    await checkLength(path, bytes, header);
    const records = new LmdbRecords(file, path);
    const format = records.getOwn('format');
    if (format === undefined) throw corruptError(`${path} has no format record`);
    checkFormat(format, name, path);
    checkCommits(records.getOwn('commits'), commits, path);
    return new LmdbStore({ file, path, identity: identityOf(path), commits, mark, onClosed });
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

/** A link that leads nowhere is something, too. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
