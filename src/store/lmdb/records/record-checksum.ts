import { crc32 } from 'node:zlib';

/** Bytes in front of each value: the CRC-32 of its key and itself, little-endian. */
export const CHECKSUM_BYTES = 4;

/**
 * Writes the value with its checksum to `target` at `offset`. The checksum covers the key, so that a value that is found under another
 * key than its own is as bad as one with a flipped bit. @returns the offset behind it
 */
export function writeChecked(target: Buffer, offset: number, key: Uint8Array, value: Uint8Array): number {
  target.writeUInt32LE(checksum(key, value), offset);
  target.set(value, offset + CHECKSUM_BYTES);
  return offset + CHECKSUM_BYTES + value.byteLength;
}

/** Where a key stands with its value behind it. */
export interface KeyAndValue {
  readonly at: number;
  readonly keyEnd: number;
  readonly end: number;
}

/** Puts the checksum between the two, where there is room behind them: it is made in one go. @returns the new end of the value */
export function insertChecksum(target: Buffer, { at, keyEnd, end }: KeyAndValue): number {
  const both = crc32(target.subarray(at, end));
  target.copyWithin(keyEnd + CHECKSUM_BYTES, keyEnd, end);
  target.writeUInt32LE(both, keyEnd);
  return end + CHECKSUM_BYTES;
}

/** The value behind its checksum, as a view of the bytes; undefined when the checksum is wrong. */
export function readChecked(key: Uint8Array, bytes: Buffer): Uint8Array | undefined {
  if (bytes.byteLength < CHECKSUM_BYTES) return undefined;
  const value = new Uint8Array(bytes.buffer, bytes.byteOffset + CHECKSUM_BYTES, bytes.byteLength - CHECKSUM_BYTES);
  return bytes.readUInt32LE(0) === checksum(key, value) ? value : undefined;
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}
