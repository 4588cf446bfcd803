import { copyBytes } from '../../../internal/copy-bytes.js';
import { writeText } from '../../../internal/write-text.js';
import { corruptError } from '../../storage-error.js';
import type { StoreBatch, StoreChange } from '../../store.js';

/** Key length 2, value length 4. */
const ENTRY_HEAD_BYTES = 6;
const REMOVED = 0xffff_ffff;

/** A batch whose bytes are in the body of a record. */
export interface EncodedBatch {
  readonly body: Buffer;
  /** Each key once; values are views of the body. */
  readonly changes: readonly StoreChange[];
}

/**
 * A batch as the body of a commit: each change as length of the key, length of the value (all ones: removed), key, value; little-endian.
 * Bodies of several batches, one behind the other, are the body of all in their order: a key may come again, and the last one counts.
 * @param bytes of its keys and values
 */
export function encodeBatch(batch: StoreBatch, bytes = bytesOf(batch)): EncodedBatch {
  const body = Buffer.allocUnsafe(bytes + ENTRY_HEAD_BYTES * batch.size);
  const changes: StoreChange[] = [];
  let at = 0;
  for (const [key, value] of batch) {
    const valueAt = writeChange(body, at, key, value);
    at = valueAt + (value?.byteLength ?? 0);
    changes.push([key, value && body.subarray(valueAt, at)]);
  }
  return { body, changes };
}

/** The same of changes each of which is of another key, without views of their values. */
export function encodeChanges(changes: readonly StoreChange[]): Buffer {
  const body = Buffer.allocUnsafe(bytesOf(changes) + ENTRY_HEAD_BYTES * changes.length);
  let at = 0;
  for (const [key, value] of changes) at = writeChange(body, at, key, value) + (value?.byteLength ?? 0);
  return body;
}

function bytesOf(changes: Iterable<StoreChange>): number {
  let bytes = 0;
  for (const [key, value] of changes) bytes += Buffer.byteLength(key) + (value?.byteLength ?? 0);
  return bytes;
}

/** @returns where its value begins */
function writeChange(body: Buffer, offset: number, key: string, value: Uint8Array | undefined): number {
  const keyAt = offset + ENTRY_HEAD_BYTES;
  const keyEnd = writeText(body, keyAt, key);
  body.writeUInt16LE(keyEnd - keyAt, offset);
  body.writeUInt32LE(value === undefined ? REMOVED : value.byteLength, offset + 2);
  if (value !== undefined) copyBytes(value, value.byteLength, body, keyEnd);
  return keyEnd;
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
