import { corruptError } from '../../storage-error.js';
import type { StoreBatch } from '../../store.js';

/** Key length 2, value length 4. */
const ENTRY_HEAD_BYTES = 6;
const REMOVED = 0xffff_ffff;

/** A batch whose bytes are in the body of a record. */
export interface EncodedBatch {
  readonly body: Buffer;
  /** Values are views of the body. */
  readonly changes: StoreBatch;
}

/**
 * A batch as the body of a commit: each change as length of the key, length of the value (all ones: removed), key, value; little-endian.
 * Bodies of several batches, one behind the other, are the body of all in their order: a key may come again, and the last one counts.
 */
export function encodeBatch(batch: StoreBatch): EncodedBatch {
  let size = 0;
  for (const [key, value] of batch) size += ENTRY_HEAD_BYTES + Buffer.byteLength(key) + (value?.byteLength ?? 0);
  const body = Buffer.allocUnsafe(size);
  const changes = new Map<string, Uint8Array | undefined>();
  let at = 0;
  for (const [key, value] of batch) {
    const valueAt = writeHead(body, at, key, value);
    at = valueAt + (value?.byteLength ?? 0);
    if (value !== undefined) body.set(value, valueAt);
    changes.set(key, value && body.subarray(valueAt, at));
  }
  return { body, changes };
}

/** @returns where the value goes */
function writeHead(body: Buffer, offset: number, key: string, value: Uint8Array | undefined): number {
  const keyBytes = body.write(key, offset + ENTRY_HEAD_BYTES);
  body.writeUInt16LE(keyBytes, offset);
  body.writeUInt32LE(value === undefined ? REMOVED : value.byteLength, offset + 2);
  return offset + ENTRY_HEAD_BYTES + keyBytes;
}

/** Is told where a change of a body has its key, where its value, and where it ends. */
export type ChangeVisitor = (keyAt: number, valueAt: number, end: number, isRemoved: boolean) => void;

/**
 * Goes through the changes of a commit's body, in their order.
 * @param what the log and the place in it, for messages
 * @throws MillraceError STORE_CORRUPT
 */
export function visitChanges(body: Buffer, what: string, visit: ChangeVisitor): void {
  let at = 0;
  while (at < body.byteLength) {
    if (at + ENTRY_HEAD_BYTES > body.byteLength) throw corruptError(`${what}: a change is cut short`);
    const keyAt = at + ENTRY_HEAD_BYTES;
    const valueAt = keyAt + body.readUInt16LE(at);
    const valueBytes = body.readUInt32LE(at + 2);
    const isRemoved = valueBytes === REMOVED;
    const end = isRemoved ? valueAt : valueAt + valueBytes;
    if (end > body.byteLength) throw corruptError(`${what}: a change is cut short`);
    visit(keyAt, valueAt, end, isRemoved);
    at = end;
  }
}

/** How many changes a commit's body has. Parameters and errors as for `visitChanges`. */
export function countChanges(body: Uint8Array, what: string): number {
  let count = 0;
  visitChanges(bufferOf(body), what, () => {
    count += 1;
  });
  return count;
}

/** The changes of a commit's body; values are views of it. Parameters and errors as for `visitChanges`. */
export function decodeBatch(body: Uint8Array, what: string): Map<string, Uint8Array | undefined> {
  const bytes = bufferOf(body);
  const batch = new Map<string, Uint8Array | undefined>();
  visitChanges(bytes, what, (keyAt, valueAt, end, isRemoved) => {
    batch.set(bytes.toString('utf8', keyAt, valueAt), isRemoved ? undefined : body.subarray(valueAt, end));
  });
  return batch;
}

/** The same bytes. */
export const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
