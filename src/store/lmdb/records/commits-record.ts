import { corruptError } from '../../storage-error.js';

/**
 * The record that each commit writes with the rest: how many commits the file has had. LMDB's meta page has the same number without a
 * checksum; where they differ, the meta page is damaged, or the file is a copy that was made while a job wrote to it.
 */
export function encodeCommits(commits: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(commits));
  return bytes;
}

/** @param path for messages @throws MillraceError STORE_CORRUPT */
export function checkCommits(record: Uint8Array | undefined, commits: number, path: string): void {
  const stored = record?.byteLength === 8 ? Number(Buffer.from(record).readBigUInt64LE()) : undefined;
  if (stored === commits) return;
  throw corruptError(`${path}: its header is of commit ${commits}, its records of commit ${stored ?? 'none'}`);
}
