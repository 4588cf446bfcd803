import type { FileChange, LmdbFile } from './lmdb-file.js';
import { FRAME_BYTES, readFrame, writeFrame } from './record-frame.js';
import { corruptError, storageError } from './storage-error.js';
import type { StoreBatch, StoreRecord } from './store.js';

/** The first byte of a key in the file: the store's own records, and those of its user. */
const OWN = 0;
const USER = 1;

/** Names of the store's own records. */
export type OwnName = 'format' | 'commits';

const userKey = (key: string): Buffer => Buffer.from(`${String.fromCharCode(USER)}${key}`);
const ownKey = (name: OwnName): Buffer => Buffer.from(`${String.fromCharCode(OWN)}${name}`);

/** Reads and writes records with checksums in a file. Invariant: what is read was written, or it throws STORE_CORRUPT. */
export class LmdbRecords {
  readonly #file: LmdbFile;
  readonly #path: string;

  /** @param path for messages */
  constructor(file: LmdbFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  get(key: string): Uint8Array | undefined {
    return this.#get(userKey(key), key);
  }

  getOwn(name: OwnName): Uint8Array | undefined {
    return this.#get(ownKey(name), name);
  }

  /** At most `limit` records from `from` on, or from the one behind it, up to `to` (exclusive); about `maxBytes` of values. */
  slice(
    from: string,
    to: string,
    { after, limit, maxBytes }: { after: boolean; limit: number; maxBytes: number },
  ): StoreRecord[] {
    const records: StoreRecord[] = [];
    let bytes = 0;
    try {
      for (const { key, value } of this.#file.range(userKey(from), userKey(to), after)) {
        records.push(this.#record(key, value));
        bytes += value.byteLength;
        if (records.length >= limit || bytes >= maxBytes) break;
      }
    } catch (error) {
      throw storageError(error, `cannot read ${this.#path}`);
    }
    return records;
  }

  #record(key: Buffer, frame: Buffer): StoreRecord {
    const name = key.toString('utf8', 1);
    return { key: name, value: this.#checked(key, frame, name) };
  }

  #get(key: Buffer, name: string): Uint8Array | undefined {
    let frame: Buffer | undefined;
    try {
      frame = this.#file.get(key);
    } catch (error) {
      throw storageError(error, `cannot read ${this.#path}`);
    }
    return frame === undefined ? undefined : this.#checked(key, frame, name);
  }

  #checked(key: Buffer, frame: Buffer, name: string): Uint8Array {
    const value = readFrame(key, frame);
    if (value === undefined)
      throw corruptError(`${this.#path}: the checksum of the record ${JSON.stringify(name)} is wrong`);
    return value;
  }
}

/** The changes of a batch as the file takes them, in one buffer of their own. */
export function encodeBatch(batch: StoreBatch): FileChange[] {
  return encode([...batch].map(([key, value]) => [userKey(key), value]));
}

/** Records of the store's own, as the file takes them. */
export function encodeOwn(records: ReadonlyMap<OwnName, Uint8Array>): FileChange[] {
  return encode([...records].map(([name, value]) => [ownKey(name), value]));
}

function encode(changes: readonly (readonly [Buffer, Uint8Array | undefined])[]): FileChange[] {
  let size = 0;
  for (const [, value] of changes) size += value === undefined ? 0 : FRAME_BYTES + value.byteLength;
  const slab = Buffer.allocUnsafeSlow(size);
  let end = 0;
  return changes.map(([key, value]) => {
    if (value === undefined) return [key, undefined];
    const start = end;
    end = writeFrame(slab, start, key, value);
    return [key, slab.subarray(start, end)];
  });
}
