import { crc32 } from 'node:zlib';

/** Bytes in front of each value: the CRC-32 of its key and itself, little-endian. */
export const FRAME_BYTES = 4;

/**
 * Writes the value with its checksum to `target` at `offset`. The checksum covers the key, so that a value that is found under another
 * key than its own is as bad as one with a flipped bit. @returns the offset behind it
 */
export function writeFrame(target: Buffer, offset: number, key: Uint8Array, value: Uint8Array): number {
  target.writeUInt32LE(checksum(key, value), offset);
  target.set(value, offset + FRAME_BYTES);
  return offset + FRAME_BYTES + value.byteLength;
}

/** The value of a frame, as a view of its bytes; undefined when the checksum is wrong. */
export function readFrame(key: Uint8Array, frame: Buffer): Uint8Array | undefined {
  if (frame.byteLength < FRAME_BYTES) return undefined;
  const value = new Uint8Array(frame.buffer, frame.byteOffset + FRAME_BYTES, frame.byteLength - FRAME_BYTES);
  return frame.readUInt32LE(0) === checksum(key, value) ? value : undefined;
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}
