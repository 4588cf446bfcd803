import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MillraceError } from '../../../errors/index.js';
import { storageError } from '../../storage-error.js';
import type { FileChange } from './lmdb-file.js';

/** Copies of pages that a commit writes on its way to the root, with room to spare. */
const OVERHEAD_BYTES = 256 * 1024;

/**
 * The error of a commit that failed. LMDB reports a write that was cut short as an I/O error; where the disk has no room for the
 * commit, that is what it was.
 */
export async function failedWrite(
  error: unknown,
  path: string,
  changes: readonly FileChange[],
): Promise<MillraceError> {
  const context = `cannot write ${path}`;
  const failure = storageError(error, context);
  if (failure.code !== 'STORAGE_FAILED' || failure === error) return failure;
  const room = await roomAround(path);
  let bytes = OVERHEAD_BYTES;
  for (const [key, value] of changes) bytes += key.byteLength + (value?.byteLength ?? 0);
  if (room === undefined || room >= bytes) return failure;
  return storageError(
    Object.assign(new Error(`no room on the disk (${failure.message})`), { code: 'ENOSPC' }),
    context,
  );
}

async function roomAround(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(dirname(path));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
