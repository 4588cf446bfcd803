import { access, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkCommits, encodeCommits } from './commits-record.js';
import { checkFormat, type StoreName, writeFormat } from './format-record.js';
import { openLmdbFile } from './lmdb-file.js';
import { encodeOwn, LmdbRecords } from './lmdb-records.js';
import { LmdbStore } from './lmdb-store.js';
import { syncDirectory, syncFile } from './private-directory.js';
import { corruptError, storageError } from './storage-error.js';

/** What is opened, by whom. */
export interface OpenRequest {
  readonly path: string;
  readonly name: StoreName;
  readonly onClosed: () => void;
}

/**
 * Opens the store in a file that nobody else has open, or makes it. Its time does not depend on the number of records.
 *
 * What it shows afterwards is durable: a process that was killed may have left a commit in the page cache that the disk never got,
 * and what is acknowledged because of it would be lost with the power. So the file is flushed before it is read.
 */
export async function openLmdbStore(request: OpenRequest): Promise<LmdbStore> {
  try {
    if (!(await exists(request.path))) await makeFile(request);
    await syncFile(request.path);
    return await openFile(request);
  } catch (error) {
    throw storageError(error, `cannot open the store ${request.path}`);
  }
}

/** Makes it under another name first: a file under its own name has been whole at some time, and is damaged where it is not. */
async function makeFile({ path, name }: OpenRequest): Promise<void> {
  const unfinished = `${path}.new`;
  await removeFile(unfinished);
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
  await syncDirectory(dirname(path));
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}-lock`, { force: true });
}

async function openFile({ path, name, onClosed }: OpenRequest): Promise<LmdbStore> {
  const file = await openLmdbFile(path);
  try {
    const { commits, bytes } = file.facts();
    await fillUp(path, bytes);
    const records = new LmdbRecords(file, path);
    const format = records.getOwn('format');
    if (format === undefined) throw corruptError(`${path} has no format record`);
    checkFormat(format, name, path);
    checkCommits(records.getOwn('commits'), commits, path);
    return new LmdbStore({ file, path, commits, onClosed });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Makes a file that was cut short as long as its header says. Reading a page of the map that is not in the file would end the process
 * (SIGBUS); a page of zeros is an error that can be told. LMDB may also leave a last page unwritten that it does not use.
 */
async function fillUp(path: string, bytes: number): Promise<void> {
  const { size } = await stat(path);
  if (size < bytes) await truncate(path, bytes);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
