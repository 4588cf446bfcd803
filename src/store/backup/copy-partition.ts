import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MillraceError } from '../../errors/index.js';
import { makeStoreDirectory } from '../directory/store-directory.js';
import { lookAtFormer, markFormer } from '../embedded/former-mark.js';
import { FileBlobs } from '../log/file/blobs/file-blobs.js';
import { FileLogReader } from '../log/file/file-log-reader.js';
import { LogLook } from '../log/log-look.js';
import type { FoundStore } from '../look/found-stores.js';
import { corruptError, storageError } from '../storage-error.js';
import { copyBytes } from './copy-bytes.js';

/** A partition that was copied. */
export interface CopiedPartition {
  /** Undefined: the name of its directory does not say. */
  readonly job: string | undefined;
  /** From 0. */
  readonly partition: number;
  /** Of the last commit that is in the copy; 0: there was none. */
  readonly seq: number;
  /** Keys that have something in the copy. */
  readonly records: number;
}

/** Its owner may remove what is being copied, when it has taken a snapshot: then it is begun anew. */
const MOST_ATTEMPTS = 5;

/**
 * Copies what a partition has as of one commit, beside its owner, and reads all of the copy. The view is left out: it is made anew.
 * @param directory of the job, in the copy
 * @throws MillraceError STORE_CORRUPT, STORE_FULL, STORAGE_FAILED; UNSUPPORTED for what an earlier version left
 */
export async function copyPartition(found: FoundStore, directory: string): Promise<CopiedPartition> {
  if (found.endings.has('mdb') && (await lookAtFormer(`${found.path}.mdb`)) === 'store') throw former(found.path);
  if (!found.endings.has('log')) throw corruptError(`${found.path}.log is not there`);
  for (let attempt = 1; ; attempt += 1) {
    const look = await lookAt(found);
    try {
      return await copyOf(found, look, directory);
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !hasMovedOn(look, await lookAt(found)))
        throw storageError(error, `cannot copy ${found.path}`);
    }
  }
}

interface Look {
  readonly log: FileLogReader;
  readonly records: LogLook;
}

async function lookAt({ path, job, partition }: FoundStore): Promise<Look> {
  const log = await FileLogReader.open(`${path}.log`, job === undefined ? undefined : { job, partition });
  if (log.problem !== undefined) throw log.problem;
  return { log, records: await LogLook.open(log, FileBlobs.of(`${path}.blobs`)) };
}

const hasMovedOn = (before: Look, now: Look): boolean =>
  before.records.snapshot?.blob !== now.records.snapshot?.blob || before.log.files[0]?.path !== now.log.files[0]?.path;

async function copyOf(found: FoundStore, { log, records }: Look, directory: string): Promise<CopiedPartition> {
  const to = join(directory, basename(found.path));
  await makeStoreDirectory(directory);
  // what an attempt before has left
  for (const ending of ['log', 'blobs']) await rm(`${to}.${ending}`, { recursive: true, force: true });
  await makeStoreDirectory(`${to}.log`);
  for (const file of log.files) await copyBytes(file, join(`${to}.log`, basename(file.path)));
  const blobs = await FileBlobs.open(`${to}.blobs`);
  const blob = records.snapshot?.blob;
  if (blob !== undefined) await blobs.put(blob, FileBlobs.of(`${found.path}.blobs`).get(blob));
  const count = await readAll({ ...found, path: to }, records.head?.seq ?? 0);
  // the last of all: earlier versions take what has no mark for an empty store
  await markFormer(`${to}.mdb`);
  return { job: found.job, partition: found.partition, seq: records.head?.seq ?? 0, records: count };
}

/** A copy that nobody has read is none. */
async function readAll(copy: FoundStore, seq: number): Promise<number> {
  const { records } = await lookAt(copy);
  let count = 0;
  for await (const _ of records.records(() => true)) count += 1;
  const [problem] = records.problems;
  if (problem !== undefined) throw problem;
  if (records.head?.seq !== (seq === 0 ? undefined : seq))
    throw corruptError(`${copy.path} does not end where it should`);
  return count;
}

const former = (path: string): MillraceError =>
  new MillraceError('UNSUPPORTED', `${path}.mdb is of an earlier version, which cannot be copied while it is used`, {
    advice: 'Start its job once with this version; or stop it, and copy the directory.',
  });
