import { corruptError } from '../../storage-error.js';
import type { StoreBatch } from '../../store.js';

/** Key length 2, value length 4. */
const ENTRY_HEAD_BYTES = 6;
const REMOVED = 0xffff_ffff;

/** Bytes that an entry adds to the body of a record. */
export const entryBytes = (keyBytes: number, valueBytes: number): number => ENTRY_HEAD_BYTES + keyBytes + valueBytes;

/**
 * The body of a commit: the changes of all its batches in their order, each as length of the key, length of the value (all ones: removed),
 * key, value; little-endian. A key may come again: the last one counts.
 */
export function encodeBatches(batches: readonly StoreBatch[]): Buffer {
  let size = 0;
  for (const batch of batches) {
    for (const [key, value] of batch) size += entryBytes(Buffer.byteLength(key), value?.byteLength ?? 0);
  }
  const body = Buffer.allocUnsafe(size);
  let at = 0;
  for (const batch of batches) for (const [key, value] of batch) at = writeEntry(body, at, key, value);
  return body;
}

function writeEntry(body: Buffer, offset: number, key: string, value: Uint8Array | undefined): number {
  const keyBytes = body.write(key, offset + ENTRY_HEAD_BYTES);
  body.writeUInt16LE(keyBytes, offset);
  body.writeUInt32LE(value === undefined ? REMOVED : value.byteLength, offset + 2);
  const at = offset + ENTRY_HEAD_BYTES + keyBytes;
  if (value === undefined) return at;
  body.set(value, at);
  return at + value.byteLength;
}

/**
 * The changes of a commit's body; values are views of it.
 * @param what the log and the place in it, for messages
 * @throws MillraceError STORE_CORRUPT
 */
export function decodeBatch(body: Uint8Array, what: string): Map<string, Uint8Array | undefined> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const batch = new Map<string, Uint8Array | undefined>();
  let at = 0;
  while (at < bytes.byteLength) {
    if (at + ENTRY_HEAD_BYTES > bytes.byteLength) throw corruptError(`${what}: a change is cut short`);
    const keyAt = at + ENTRY_HEAD_BYTES;
    const valueAt = keyAt + bytes.readUInt16LE(at);
    const valueBytes = bytes.readUInt32LE(at + 2);
    const end = valueBytes === REMOVED ? valueAt : valueAt + valueBytes;
    if (end > bytes.byteLength) throw corruptError(`${what}: a change is cut short`);
    const value = valueBytes === REMOVED ? undefined : body.subarray(valueAt, end);
    batch.set(bytes.toString('utf8', keyAt, valueAt), value);
    at = end;
  }
  return batch;
}
