import { crc32 } from 'node:zlib';
import { MillraceError } from '../../../errors/index.js';
import { corruptError } from '../../storage-error.js';

/** What a record is for. */
export type RecordKind =
  /** An epoch begins; no body. */
  | 'fence'
  /** A commit of the store; its body is `encodeBatch`'s. */
  | 'commit'
  /** A snapshot counts from here on; its body says which. */
  | 'snapshot'
  /** Its owner asked whether it still is; no body. */
  | 'proof';

/** One record of a partition's log. */
export interface LogRecord {
  readonly kind: RecordKind;
  readonly epoch: number;
  /** In its epoch, from 0 up without a gap. */
  readonly number: number;
  /** The checksum of the record before; 0 for the first one. So a record that is lost or exchanged shows (C1). */
  readonly previous: number;
  /** The seq of the last snapshot record before this one, so that any record leads to it; 0: there is none. */
  readonly snapshot: number;
  /** Bytes of all records before this one, those that were trimmed too. */
  readonly offset: number;
  readonly body: Uint8Array;
}

/** A record that was read. */
export interface ReadRecord extends LogRecord {
  readonly crc: number;
}

const FORMAT = 1;
const KINDS: readonly RecordKind[] = ['fence', 'commit', 'snapshot', 'proof'];

/** CRC 4, format 1, kind 1, epoch 8, number 8, previous 4, snapshot 8, offset 8. */
export const RECORD_HEAD_BYTES = 42;
const AT = { format: 4, kind: 5, epoch: 6, number: 14, previous: 22, snapshot: 26, offset: 34 } as const;

/** The bytes of a record: little-endian, the CRC-32 of all that follows it in front. */
export function encodeRecord(record: LogRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_HEAD_BYTES + record.body.byteLength);
  bytes[AT.format] = FORMAT;
  bytes[AT.kind] = KINDS.indexOf(record.kind);
  bytes.writeBigUInt64LE(BigInt(record.epoch), AT.epoch);
  bytes.writeBigUInt64LE(BigInt(record.number), AT.number);
  bytes.writeUInt32LE(record.previous, AT.previous);
  bytes.writeBigUInt64LE(BigInt(record.snapshot), AT.snapshot);
  bytes.writeBigUInt64LE(BigInt(record.offset), AT.offset);
  bytes.set(record.body, RECORD_HEAD_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** The checksum that a record's bytes carry. */
export const crcOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);

/**
 * A record by its bytes; the body is a view of them.
 * @param what the log and the place in it, for messages
 * @throws MillraceError STORE_CORRUPT; STORE_VERSION for one that a newer version has written
 */
export function decodeRecord(bytes: Uint8Array, what: string): ReadRecord {
  if (bytes.byteLength < RECORD_HEAD_BYTES) throw corruptError(`${what}: a record of ${bytes.byteLength} bytes`);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const crc = view.readUInt32LE(0);
  if (crc !== crc32(view.subarray(4))) throw corruptError(`${what}: the record's checksum is wrong`);
  const format = view.readUInt8(AT.format);
  if (format > FORMAT) throw newerRecord(what, format);
  const kind = format === FORMAT ? KINDS[view.readUInt8(AT.kind)] : undefined;
  if (kind === undefined) throw corruptError(`${what}: no kind of record that is known`);
  return {
    kind,
    epoch: Number(view.readBigUInt64LE(AT.epoch)),
    number: Number(view.readBigUInt64LE(AT.number)),
    previous: view.readUInt32LE(AT.previous),
    snapshot: Number(view.readBigUInt64LE(AT.snapshot)),
    offset: Number(view.readBigUInt64LE(AT.offset)),
    body: bytes.subarray(RECORD_HEAD_BYTES),
    crc,
  };
}

const newerRecord = (what: string, format: number): MillraceError =>
  new MillraceError('STORE_VERSION', `${what} has a record of form ${format}; this version reads up to ${FORMAT}`, {
    advice: 'Run the version of Millrace that wrote it, or one that is newer, on every node.',
  });
