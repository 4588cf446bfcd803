import { lstat } from 'node:fs/promises';
import { checkFoundDirectory } from '../../internal/files/own-files.js';
import { lookAtFormer } from '../embedded/former-mark.js';
import { FileBlobs } from '../log/file/blobs/file-blobs.js';
import { FileLogReader } from '../log/file/file-log-reader.js';
import { LogLook } from '../log/log-look.js';
import { corruptError, storageError } from '../storage-error.js';
import { FormerLook } from './former-look.js';
import type { FoundStore } from './found-stores.js';
import { logFacts, type StoreLook, useLook } from './store-look.js';

/**
 * Looks at what a partition has, beside its owner: takes no lock, writes nothing and mends nothing.
 * @param use as for `useLook`
 * @throws MillraceError STORE_CORRUPT, STORE_VERSION, STORAGE_FAILED; INVALID_OPTIONS for what is not ours; what `use` throws
 */
export function lookAtStore<T>(found: FoundStore, use: (look: StoreLook) => Promise<T>): Promise<T> {
  return useLook(() => openLook(found), use);
}

async function openLook(found: FoundStore): Promise<StoreLook> {
  const former = `${found.path}.mdb`;
  if (found.endings.has('mdb') && (await isStore(former))) {
    const records = new FormerLook(former);
    return { job: await records.job(), log: undefined, records, problem: undefined };
  }
  if (!found.endings.has('log')) throw corruptError(`${found.path}.log is not there`);
  if (found.endings.has('blobs')) await checkFoundDirectory(`${found.path}.blobs`);
  const { job, partition } = found;
  const log = await FileLogReader.open(`${found.path}.log`, job === undefined ? undefined : { job, partition });
  const records = await LogLook.open(log, FileBlobs.of(`${found.path}.blobs`));
  return { job, log: logFacts(records, log.segments), records, problem: log.problem };
}

/** What is there and is no mark; a link, or a pipe, is refused when it is read. */
async function isStore(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isFile()) return true;
    return (await lookAtFormer(path)) === 'store';
  } catch (error) {
    throw storageError(error, `cannot read ${path}`);
  }
}
