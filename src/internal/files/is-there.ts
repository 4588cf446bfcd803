import { stat } from 'node:fs/promises';

/** Whether a path leads to something. @throws errors of the file system, but that there is nothing */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (Object(error).code === 'ENOENT') return false;
    throw error;
  }
}
