import { copyBytes } from '../../../internal/copy-bytes.js';
import { writeText } from '../../../internal/write-text.js';
import { corruptError, storageError } from '../../storage-error.js';
import type { StoreChange, StoreRecord } from '../../store.js';
import type { FileChange, FileRecord, LmdbFile } from '../file/lmdb-file.js';
import { CHECKSUM_BYTES, insertChecksum, readChecked, writeChecked } from './record-checksum.js';

/** The first byte of a key in the file: the store's own records, and those of its user. */
export const OWN = 0;
export const USER = 1;

/** `range` reads this many records ahead at first and up to that many later: the first few of a million cost little. */
const FIRST_SLICE = 16;
const LARGEST_SLICE = 512;
const SLICE_BYTES = 1024 * 1024;

/** Names of the store's own records. */
export type OwnName = 'format' | 'commits' | 'view';

function nameOf(key: Buffer): string {
  return key.toString('utf8', 1);
}

function userKey(key: string): Buffer {
  return Buffer.from(`${String.fromCharCode(USER)}${key}`);
}

function ownKey(name: OwnName): Buffer {
  return Buffer.from(`${String.fromCharCode(OWN)}${name}`);
}

/** Which records a slice has. */
export interface Slice {
  /** A key, or what stands between two. */
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  /** Whether `from` is exclusive. */
  readonly after: boolean;
  /** At most so many, and not many more than so many bytes of values. */
  readonly limit: number;
  /** Of values: the slice ends with the record that reaches it. */
  readonly maxBytes: number;
}

/**
 * Reads records from a file. Invariant: what is read was written, or STORE_CORRUPT is thrown.
 *
 * The checksums are of records. LMDB has none for its pages: where a key on a page has changed, the search for it ends beside it, and
 * where a pointer has changed, searches end where they cannot be, or a range ends early. So the neighbours of a place where there is
 * nothing must be whole and in order, and a range must end where the search for its end leads.
 */
export class LmdbRecords {
  readonly #file: LmdbFile;
  readonly #path: string;

  /** @param path for messages */
  constructor(file: LmdbFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  get(key: string): Uint8Array | undefined {
    return this.#read(() => this.#get(userKey(key)));
  }

  getOwn(name: OwnName): Uint8Array | undefined {
    return this.#read(() => this.#get(ownKey(name)));
  }

  slice(slice: Slice): StoreRecord[] {
    return this.#read(() => this.#slice(slice));
  }

  /**
   * The records from `from` (inclusive) up to `to` (exclusive), read in slices: no snapshot is held between two of them.
   * @param checkOpen throws when nothing may be read any more
   */
  *range(from: string, to: string, checkOpen: () => void): Generator<StoreRecord, void> {
    let start = from;
    let limit = FIRST_SLICE;
    let after = false;
    while (true) {
      checkOpen();
      const slice = this.slice({ from: start, to, after, limit, maxBytes: SLICE_BYTES });
      yield* slice;
      const last = slice.at(-1);
      if (last === undefined) return;
      start = last.key;
      after = true;
      limit = Math.min(limit * 2, LARGEST_SLICE);
    }
  }

  #get(key: Buffer): Uint8Array | undefined {
    const bytes = this.#file.get(key);
    if (bytes !== undefined) return this.#checked({ key, value: bytes });
    const above = this.#file.ceiling(key);
    if (above !== undefined) {
      this.#checked(above);
      this.#checkOrder(key, above.key);
    }
    this.#checkBelow(key, key);
    return undefined;
  }

  #slice({ from, to, after, limit, maxBytes }: Slice): StoreRecord[] {
    const start = userKey(from);
    const end = userKey(to);
    if (start.compare(end) >= 0) return [];
    const records: StoreRecord[] = [];
    let last: Buffer | undefined;
    let bytes = 0;
    for (const record of this.#file.range(start, end, after)) {
      if (last === undefined) this.#checkStart(start, record.key, after);
      else this.#checkOrder(last, record.key);
      records.push({ key: nameOf(record.key), value: this.#checked(record) });
      last = record.key;
      bytes += record.value.byteLength;
      if (records.length >= limit || bytes >= maxBytes) return records;
    }
    this.#checkEnd(start, last, end);
    return records;
  }

  /** Nothing is between the start of a range and its first record. */
  #checkStart(start: Buffer, first: Buffer, after: boolean): void {
    if (after || start.compare(first) !== 0) this.#checkOrder(start, first);
    if (start.compare(first) !== 0) this.#checkBelow(first, start);
  }

  /** Nothing is between the last record of a range, or its start, and its end. */
  #checkEnd(start: Buffer, last: Buffer | undefined, end: Buffer): void {
    this.#checkBelow(end, last ?? start);
  }

  /** The record below `key` is at `floor` at most. */
  #checkBelow(key: Buffer, floor: Buffer): void {
    const record = this.#file.below(key);
    if (record === undefined) return;
    this.#checked(record);
    this.#checkOrder(record.key, key);
    if (record.key.compare(floor) > 0) this.#disorder(floor, record.key);
  }

  #checkOrder(lower: Buffer, higher: Buffer): void {
    if (lower.compare(higher) >= 0) this.#disorder(lower, higher);
  }

  #disorder(one: Buffer, other: Buffer): never {
    const keys = `${JSON.stringify(nameOf(one))} and ${JSON.stringify(nameOf(other))}`;
    throw corruptError(`${this.#path}: the records around the keys ${keys} are not in order`);
  }

  #checked({ key, value: bytes }: FileRecord): Uint8Array {
    const value = readChecked(key, bytes);
    if (value !== undefined) return value;
    throw corruptError(`${this.#path}: the checksum of the record ${JSON.stringify(nameOf(key))} is wrong`);
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storageError(error, `cannot read ${this.#path}`);
    }
  }
}

/** Changes as the file takes them, in one buffer of their own. */
export function encodeChanges(given: Iterable<StoreChange>): FileChange[] {
  let size = 0;
  for (const [key, value] of given) size += 1 + Buffer.byteLength(key) + CHECKSUM_BYTES + (value?.byteLength ?? 0);
  const slab = Buffer.allocUnsafeSlow(size);
  const changes: FileChange[] = [];
  let at = 0;
  for (const [key, value] of given) {
    slab[at] = USER;
    const keyEnd = writeText(slab, at + 1, key);
    const end = value === undefined ? keyEnd : writeValue(slab, { at, keyEnd }, value);
    changes.push([slab.subarray(at, keyEnd), value && slab.subarray(keyEnd, end)]);
    at = end;
  }
  return changes;
}

/** Behind its key. @returns where it ends */
function writeValue(slab: Buffer, { at, keyEnd }: { at: number; keyEnd: number }, value: Uint8Array): number {
  copyBytes(value, value.byteLength, slab, keyEnd);
  return insertChecksum(slab, { at, keyEnd, end: keyEnd + value.byteLength });
}

/** A change that stands in the body of a commit: where its key, its value and the next change begin. */
export interface BodyChange {
  readonly body: Buffer;
  readonly keyAt: number;
  readonly valueAt: number;
  readonly end: number;
  readonly isRemoved: boolean;
}

/** Changes that stand in bodies as the file takes them, in one buffer of their own. */
export function encodeBodyChanges(changes: readonly BodyChange[]): FileChange[] {
  let size = 0;
  for (const { keyAt, end } of changes) size += 1 + CHECKSUM_BYTES + end - keyAt;
  const slab = Buffer.allocUnsafeSlow(size);
  let next = 0;
  return changes.map(({ body, keyAt, valueAt, end, isRemoved }) => {
    const at = next;
    const keyEnd = at + 1 + valueAt - keyAt;
    slab[at] = USER;
    body.copy(slab, at + 1, keyAt, end);
    next = isRemoved ? keyEnd : insertChecksum(slab, { at, keyEnd, end: at + 1 + end - keyAt });
    return [slab.subarray(at, keyEnd), isRemoved ? undefined : slab.subarray(keyEnd, next)];
  });
}

/** Records of the store's own, as the file takes them. */
export function encodeOwn(records: ReadonlyMap<OwnName, Uint8Array>): FileChange[] {
  return encode([...records].map(([name, value]) => [ownKey(name), value]));
}

function encode(changes: readonly (readonly [Buffer, Uint8Array | undefined])[]): FileChange[] {
  let size = 0;
  for (const [, value] of changes) size += value === undefined ? 0 : CHECKSUM_BYTES + value.byteLength;
  const slab = Buffer.allocUnsafeSlow(size);
  let end = 0;
  return changes.map(([key, value]) => {
    if (value === undefined) return [key, undefined];
    const start = end;
    end = writeChecked(slab, start, key, value);
    return [key, slab.subarray(start, end)];
  });
}
