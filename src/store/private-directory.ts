import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../internal/sync-directory.js';

/**
 * Makes a directory (and those above it) that only its owner can enter, and makes the new names durable. One that exists is left as
 * it is: its rights are its maker's choice.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await syncDirectory(dirname(made));
    if (join(made) === join(first) || dirname(made) === made) return;
  }
}

/** Writes to the disk what the page cache has of a file. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}
