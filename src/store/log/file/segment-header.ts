import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { MillraceError } from '../../../errors/index.js';
import { corruptError } from '../../storage-error.js';

/**
 * What a segment begins with: magic 8 | checksum of what follows 4 | format 4 | identity of the log 16 | seq of its first record 8 | length of
 * the file 8 | whose log it is 24, a digest. Little-endian. It is durable before the segment has its name.
 */
export const SEGMENT_HEADER_BYTES = 72;

const MAGIC = Buffer.from('millrLOG');
const FORMAT = 1;
const AT = { checksum: 8, format: 12, identity: 16, first: 32, length: 40, owner: 48 } as const;

/** Of which log a segment is, and which part of it. */
export interface SegmentHeader {
  readonly identity: Buffer;
  readonly first: number;
  /**
   * The file has so many bytes from the beginning on, zeros behind the last entry, and more only for a record that is larger: one that has fewer
   * was cut short, and with it what may have been acknowledged.
   */
  readonly length: number;
}

/** Whose log it is. */
export interface LogName {
  readonly job: string;
  readonly partition: number;
}

/** Bytes that are random for each log. */
export const IDENTITY_BYTES = 16;

/** What the checksums of a log's entries begin with. */
export const saltOf = (identity: Buffer): number => crc32(identity);

export function encodeHeader({ identity, first, length }: SegmentHeader, name: LogName): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(FORMAT, AT.format);
  identity.copy(bytes, AT.identity);
  bytes.writeBigUInt64LE(BigInt(first), AT.first);
  bytes.writeBigUInt64LE(BigInt(length), AT.length);
  digestOf(name).copy(bytes, AT.owner);
  bytes.writeUInt32LE(crc32(bytes.subarray(AT.format)), AT.checksum);
  return bytes;
}

/**
 * @param name undefined: whoever reads it does not know whose log it is
 * @param path for messages
 * @throws MillraceError STORE_VERSION for one that a newer version has written, STORE_CORRUPT for one that is damaged, or of another log
 */
export function decodeHeader(bytes: Buffer, name: LogName | undefined, path: string): SegmentHeader {
  if (!bytes.subarray(0, MAGIC.byteLength).equals(MAGIC)) throw corruptError(`${path} is no segment of a log`);
  if (
    bytes.byteLength !== SEGMENT_HEADER_BYTES ||
    bytes.readUInt32LE(AT.checksum) !== crc32(bytes.subarray(AT.format))
  ) {
    throw corruptError(`${path}: the checksum of its header is wrong`);
  }
  const format = bytes.readUInt32LE(AT.format);
  if (format > FORMAT) throw newerSegment(path, format);
  if (name !== undefined && !bytes.subarray(AT.owner).equals(digestOf(name))) {
    throw corruptError(`${path} is not of the log of partition ${name.partition} of job ${name.job}`);
  }
  return {
    identity: Buffer.from(bytes.subarray(AT.identity, AT.first)),
    first: Number(bytes.readBigUInt64LE(AT.first)),
    length: Number(bytes.readBigUInt64LE(AT.length)),
  };
}

const digestOf = ({ job, partition }: LogName): Buffer =>
  createHash('sha256')
    .update(`${partition} ${job}`)
    .digest()
    .subarray(0, SEGMENT_HEADER_BYTES - AT.owner);

const newerSegment = (path: string, format: number): MillraceError =>
  new MillraceError('STORE_VERSION', `${path} has format ${format}; this version reads up to ${FORMAT}`, {
    advice: 'Run the version of Millrace that wrote it, or a newer one.',
    details: { path, format, readsUpTo: FORMAT },
  });
