import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Errors of a directory in which no process with our rights can have made a name, and of file systems that keep names without a flush. */
const NOTHING_TO_SYNC = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOTSUP']);

/** Makes the name of a new file or directory durable. Windows has no such call: there the file system's journal keeps names. */
export async function syncNewName(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * The same for one that was found. A process may have made it and have ended, or been told of an error, before it was durable:
 * what is written to the file later would be lost with its name.
 */
export async function syncFoundName(path: string): Promise<void> {
  try {
    await syncNewName(path);
  } catch (error) {
    if (!NOTHING_TO_SYNC.has(String(Object(error).code))) throw error;
  }
}
