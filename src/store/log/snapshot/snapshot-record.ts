import { corruptError } from '../../storage-error.js';
import { isLogPoint, type LogPoint } from '../record/log-point.js';

/** What the body of a snapshot record says. */
export interface SnapshotRecord {
  /** Its name among the blobs of the partition. */
  readonly blob: string;
  /** The records behind this one lead from the snapshot to the present; those up to it are not needed any more. */
  readonly from: LogPoint;
  /** Of the blob. */
  readonly bytes: number;
}

export const encodeSnapshotRecord = (record: SnapshotRecord): Buffer => Buffer.from(JSON.stringify(record));

/** @param what the log and the place in it, for messages */
export function decodeSnapshotRecord(body: Uint8Array, what: string): SnapshotRecord {
  try {
    const { blob, from, bytes } = Object(JSON.parse(Buffer.from(body).toString()));
    if (typeof blob === 'string' && Number.isSafeInteger(bytes) && isLogPoint(from)) return { blob, from, bytes };
  } catch (error) {
    throw corruptError(`${what}: the snapshot record is not readable`, error);
  }
  throw corruptError(`${what}: the snapshot record is not readable`);
}

const DIGITS = 16;
const padded = (number: number): string => String(number).padStart(DIGITS, '0');

/** The name of an epoch's blob: names ascend as their snapshots do, over all owners. */
export const blobName = (epoch: number, from: LogPoint): string => `${padded(epoch)}.${padded(from.seq)}`;
