import { constants } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openOwnFile } from '../../internal/files/own-files.js';
import { syncFoundName, syncNewName } from '../../internal/files/sync-name.js';

/**
 * Makes a directory (and those above it) that only its owner can enter, each durable before the next. One that exists is left
 * as it is: its rights are its maker's choice.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return syncFoundName(path);
  const above = dirname(path);
  if (above !== path) await makePrivateDirectory(above);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // another process was faster
    if (!(await isDirectory(path))) throw error;
  }
  await syncNewName(path);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (Object(error).code === 'ENOENT') return false;
    throw error;
  }
}

/** Writes to the disk what the page cache has of a file of ours. */
export async function syncFile(path: string): Promise<void> {
  const file = await openOwnFile(path, constants.O_RDWR);
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}
