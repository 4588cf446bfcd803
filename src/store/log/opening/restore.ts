import { corruptError } from '../../storage-error.js';
import type { LocalView } from '../local-view.js';
import type { ReadableLog } from '../readable-log.js';
import { LOG_START } from '../record/log-point.js';
import { decodeRecord } from '../record/log-record.js';
import { decodeSnapshot } from '../snapshot/snapshot-codec.js';
import { decodeSnapshotRecord, type SnapshotRecord } from '../snapshot/snapshot-record.js';
import type { SnapshotBlobs } from '../snapshot-blobs.js';
import { ViewFiller } from './view-filler.js';

/** The snapshot that the record at `seq` counts. @throws MillraceError STORE_CORRUPT */
export async function readSnapshotRecord(log: ReadableLog, seq: number): Promise<SnapshotRecord> {
  const what = `${log.location} at ${seq}`;
  for await (const entry of log.read(seq - 1, seq)) {
    const { kind, body } = decodeRecord(entry.record, what);
    if (kind === 'snapshot') return decodeSnapshotRecord(body, what);
  }
  throw corruptError(`${what}: there is no snapshot record`);
}

/** Makes a view what a snapshot has. One that ends in the middle is at the start of the log, and is restored again. */
export async function restore(view: LocalView, blobs: SnapshotBlobs, { blob, from }: SnapshotRecord): Promise<void> {
  await view.reset();
  await using filler = new ViewFiller(view);
  const what = `the snapshot ${blob}`;
  for await (const slice of decodeSnapshot(blobs.get(blob), what)) {
    await filler.add(slice, LOG_START, what);
  }
  await filler.end(from);
}
