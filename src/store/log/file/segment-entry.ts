import { crc32 } from 'node:zlib';

/*
 * A record in a segment: a head, the record, and zeros up to a multiple of eight bytes. Little-endian:
 *
 *   0 magic 4 | 4 checksum of what follows in the head 4 | 8 length 4 | 12 checksum of the record 4 | 16 seq 8 | 24 offset 8
 *
 * The head has a checksum of its own, so that a wrong length swallows nothing. It says at which offset it stands, and its checksum begins
 * with what only this log knows (the salt), so that no payload, and no block that the file system used before, is taken for an entry.
 */

export const ENTRY_HEAD_BYTES = 32;
const ALIGNMENT = 8;
const MAGIC = Buffer.from('mrRc');
const AT = { checksum: 4, length: 8, recordChecksum: 12, seq: 16, offset: 24 } as const;
const PADDING = new Uint8Array(ALIGNMENT);

/** What a head says of the record behind it. */
export interface EntryHead {
  readonly seq: number;
  readonly length: number;
  readonly recordChecksum: number;
}

/** Where an entry stands. */
export interface EntryPlace {
  readonly seq: number;
  /** In its segment; a multiple of eight. */
  readonly offset: number;
  /** That of its log. */
  readonly salt: number;
}

const paddingBytes = (length: number): number => -length & (ALIGNMENT - 1);

/** Bytes in the segment that a record takes. */
export const entryBytes = (length: number): number => ENTRY_HEAD_BYTES + length + paddingBytes(length);

/** The entry of a record, in pieces: the record is not copied. None is empty, which would cost a call of the system. */
export function entryOf(record: Uint8Array, { seq, offset, salt }: EntryPlace): readonly Uint8Array[] {
  const head = Buffer.allocUnsafe(ENTRY_HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(record.byteLength, AT.length);
  head.writeUInt32LE(crc32(record, salt), AT.recordChecksum);
  head.writeBigUInt64LE(BigInt(seq), AT.seq);
  head.writeBigUInt64LE(BigInt(offset), AT.offset);
  head.writeUInt32LE(crc32(head.subarray(AT.length), salt), AT.checksum);
  const pieces = [head, record, PADDING.subarray(0, paddingBytes(record.byteLength))];
  return pieces.filter(({ byteLength }) => byteLength > 0);
}

/** The head at the beginning of the bytes, which stand at that offset; undefined where none is whole. */
export function readHead(bytes: Buffer, { offset, salt }: Omit<EntryPlace, 'seq'>): EntryHead | undefined {
  if (bytes.byteLength < ENTRY_HEAD_BYTES || !bytes.subarray(0, MAGIC.byteLength).equals(MAGIC)) return undefined;
  if (bytes.readUInt32LE(AT.checksum) !== crc32(bytes.subarray(AT.length, ENTRY_HEAD_BYTES), salt)) return undefined;
  if (Number(bytes.readBigUInt64LE(AT.offset)) !== offset) return undefined;
  return {
    seq: Number(bytes.readBigUInt64LE(AT.seq)),
    length: bytes.readUInt32LE(AT.length),
    recordChecksum: bytes.readUInt32LE(AT.recordChecksum),
  };
}

/** Whether a record is the one that its head speaks of. */
export const isRecordOf = (record: Uint8Array, head: EntryHead, salt: number): boolean =>
  record.byteLength === head.length && crc32(record, salt) === head.recordChecksum;

/** The places at which heads may stand behind the beginning of the bytes, whatever is there. */
export function* headsBehind(bytes: Buffer, { offset, salt }: Omit<EntryPlace, 'seq'>): Generator<EntryHead, void> {
  for (let at = bytes.indexOf(MAGIC, 1); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    const head = at % ALIGNMENT === 0 ? readHead(bytes.subarray(at), { offset: offset + at, salt }) : undefined;
    if (head !== undefined) yield head;
  }
}
