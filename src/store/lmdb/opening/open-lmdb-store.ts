import { lstat, rename, rm } from 'node:fs/promises';
import { syncFoundName, syncNewName } from '../../../internal/files/sync-name.js';
import { identityOf } from '../../directory/file-identity.js';
import { syncFile } from '../../directory/private-directory.js';
import { corruptError, storageError } from '../../storage-error.js';
import { openLmdbFile } from '../file/lmdb-file.js';
import { LmdbStore } from '../lmdb-store.js';
import { checkCommits, encodeCommits } from '../records/commits-record.js';
import { checkFormat, type StoreName, writeFormat } from '../records/format-record.js';
import { encodeOwn, LmdbRecords } from '../records/lmdb-records.js';
import { openCheckedFile } from './open-checked-file.js';
import { OpeningMark } from './opening-mark.js';
import { provideRoom } from './provide-room.js';
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

/** Makes it under another name first: a file under its own name has been whole at some time, and is damaged where it is not. */
async function makeFile({ path, name }: OpenRequest): Promise<void> {
  const unfinished = `${path}.new`;
  await removeFile(unfinished);
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
  const file = await openCheckedFile(path);
  try {
    const { commits } = file.facts();
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

/** A link that leads nowhere is something, too. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
