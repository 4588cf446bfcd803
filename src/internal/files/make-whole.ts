import { constants } from 'node:fs';
import { type FileHandle, rename, rm } from 'node:fs/promises';
import { openOwnFile } from './own-files.js';
import { syncNewName } from './sync-name.js';

/**
 * Makes a file, or puts one in the place of another, durably: it has its name when all of it is on the disk, and not before. What a crash leaves
 * under the other name means nothing.
 * @param unfinished its path until then, in the same directory
 * @param write called once, with the empty file
 * @throws what `write` does; errors of the file system. Nothing is left under the other name then
 */
export async function makeWhole(
  path: string,
  unfinished: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await rm(unfinished, { force: true });
    const file = await openOwnFile(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    try {
      await write(file);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    // what failed first is told
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
  await syncNewName(path);
}
