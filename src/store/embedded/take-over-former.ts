import { rm } from 'node:fs/promises';
import { isThere } from '../../internal/files/is-there.js';
import { openLmdbStore } from '../lmdb/opening/open-lmdb-store.js';
import type { StoreName } from '../lmdb/records/format-record.js';
import type { FileLogs } from '../log/file/file-logs.js';
import { LogWriter } from '../log/log-writer.js';
import type { PartitionLogs } from '../log/partition-log.js';
import { blobName, encodeSnapshotRecord } from '../log/snapshot/snapshot-record.js';
import { snapshotSlices } from '../log/snapshot/snapshot-slices.js';
import { corruptError } from '../storage-error.js';
import type { StoreView } from '../store.js';
import { lookAtFormer, markFormer } from './former-mark.js';

/** The epoch of the first owner of a log. */
const FIRST_EPOCH = 1;

/**
 * Earlier versions had a store in `partition-<n>.mdb`, without a log. It becomes the first snapshot of one, and a mark comes into its
 * place: that is the moment at which the log counts. A crash before leaves the store as it was, and what there is of a log is made anew.
 * @param path of what the partition has, without an ending
 * @throws MillraceError STORE_CORRUPT, STORE_VERSION of the former store; STORE_CORRUPT where the mark has lost its log; errors of the file
 * system
 */
export async function takeOverFormer(path: string, name: StoreName, logs: FileLogs): Promise<void> {
  const former = `${path}.mdb`;
  const found = await lookAtFormer(former);
  if (found === 'store') await takeOver(path, name, logs);
  else if (found === 'mark' && !(await isThere(`${path}.log`))) throw lostLog(path);
  if (found !== 'mark') await beginMarked(former, name, logs);
}

async function takeOver(path: string, name: StoreName, logs: PartitionLogs): Promise<void> {
  // in this order: what is no store may be a damaged mark, and then the log is all there is
  const store = await openLmdbStore({ path: `${path}.mdb`, name, onClosed: () => {} });
  try {
    await removeUnfinished(path);
    await writeLog(store, name, logs);
  } catch (error) {
    // it may be a full disk that has no room for both
    await removeUnfinished(path).catch(() => {});
    throw error;
  } finally {
    await store.close();
  }
  await rm(`${path}.mdb-lock`, { force: true });
}

/** The order for a new store, too: who finds a log and no mark knows that nobody has put anything into it. */
async function beginMarked(former: string, { job, partition }: StoreName, logs: PartitionLogs): Promise<void> {
  const log = await logs.open(job, partition);
  await log.close();
  await markFormer(former);
}

async function writeLog(store: StoreView, { job, partition }: StoreName, logs: PartitionLogs): Promise<void> {
  const log = await logs.open(job, partition);
  try {
    const writer = await LogWriter.take(log, FIRST_EPOCH);
    const from = writer.head;
    const blob = blobName(FIRST_EPOCH, from);
    const blobs = await logs.blobs(job, partition);
    let bytes = 0;
    const counted = async function* (): AsyncGenerator<Buffer, void> {
      for await (const slice of snapshotSlices(store)) {
        bytes += slice.byteLength;
        yield slice;
      }
    };
    await blobs.put(blob, counted());
    await writer.append('snapshot', encodeSnapshotRecord({ blob, from, bytes }));
  } finally {
    await log.close();
  }
}

async function removeUnfinished(path: string): Promise<void> {
  for (const ending of ['log', 'blobs']) await rm(`${path}.${ending}`, { recursive: true, force: true });
}

const lostLog = (path: string): Error =>
  corruptError(`${path}.mdb says that the store is in ${path}.log, and that is not there`);
