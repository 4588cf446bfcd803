import { constants } from 'node:os';
import { type ErrorCode, MillraceError } from '../errors/index.js';

/** LMDB's own codes, from lmdb.h. Those that a damaged page can lead to are between the two. */
const MDB_LAST_CODE = -30780;
const MDB_FIRST_CODE = -30799;
const MDB_PANIC = -30795;
const MDB_VERSION_MISMATCH = -30794;
const MDB_MAP_FULL = -30792;
const MDB_READERS_FULL = -30790;

const FULL_ERRNOS = new Set<unknown>(
  process.platform === 'win32'
    ? [39, 112, MDB_MAP_FULL] // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
    : [constants.errno.ENOSPC, constants.errno.EDQUOT, constants.errno.EFBIG, MDB_MAP_FULL],
);
const FULL_CODES = new Set<unknown>(['ENOSPC', 'EDQUOT', 'EFBIG']);
const FAILED_CODES = new Set<unknown>([MDB_PANIC, MDB_READERS_FULL]);

const ADVICE = {
  STORE_FULL:
    'Make room on the disk (or raise the limit of the store or the quota) and start the job again: nothing that was acknowledged is lost.',
  STORE_CORRUPT:
    'Restore the directory from a backup or move it away to start afresh; do not go on with it. Check the disk.',
  STORE_VERSION: 'Run the version of Millrace that wrote it, or one that is newer.',
  STORAGE_FAILED:
    'Look into the system log for errors of the disk, then start the job again: nothing that was acknowledged is lost.',
} as const;

/**
 * A MillraceError as it is; any other error of the file system or of LMDB as STORE_FULL, STORE_CORRUPT, STORE_VERSION or STORAGE_FAILED.
 */
export function storageError(error: unknown, context: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  return new MillraceError(code, `${context}: ${text}`, { cause: error, advice: ADVICE[code] });
}

/** What the store holds is not what was written. @param what the file and what is wrong in it */
export function corruptError(what: string, cause?: unknown): MillraceError {
  return new MillraceError('STORE_CORRUPT', what, { advice: ADVICE.STORE_CORRUPT, cause });
}

function codeOf(error: unknown): keyof typeof ADVICE & ErrorCode {
  const { code, errno } = Object(error);
  // Node gives the number of the system negated, and no name for a quota.
  if (FULL_CODES.has(code) || [code, errno, -errno].some((one) => FULL_ERRNOS.has(one))) return 'STORE_FULL';
  if (code === MDB_VERSION_MISMATCH) return 'STORE_VERSION';
  const damaged = code >= MDB_FIRST_CODE && code <= MDB_LAST_CODE && !FAILED_CODES.has(code);
  return damaged ? 'STORE_CORRUPT' : 'STORAGE_FAILED';
}
