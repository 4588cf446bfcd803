import { corruptState } from '../../../errors/corrupt-state.js';
import { copyBytes } from '../../../internal/copy-bytes.js';
import { writeText } from '../../../internal/write-text.js';
import type { Encoded } from './versioned-record.js';

/** What stands for one key in a bundle. */
export interface BundledState {
  /** What the store's key has behind the prefix of the stage. */
  readonly text: string;
  /** Where its record is in the bundle. Undefined: it stands under a key of its own, or is gone. */
  readonly at: Span | undefined;
}

/** A part of some bytes. */
export interface Span {
  /** Inclusive. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

const VERSION = 1;
/** Version (1 byte), number of the oldest bundle that counts (8), count (4). */
const HEADER = 13;
/** Bytes of the key (16 bits) and of the record (32 bits) in front of each. */
const KEY_LENGTH = 2;
const RECORD_LENGTH = 4;
/** In place of the length of a record that stands elsewhere. */
const ELSEWHERE = 0xffff_ffff;
/** Version of its codec in 16 bits, as in a record of its own. */
const CODEC_VERSION = 2;
/** A unit of UTF-16 is three bytes of UTF-8 at most. */
const MAX_UNIT_BYTES = 3;
/** A bundle begins with room for so much at least, and has twice as much when that is full. */
const FIRST_BYTES = 16 * 1024;

/**
 * Makes one record of the states of many keys. Layout: version, number of the oldest bundle that counts, count, then for each the lengths of
 * key and record, the key in UTF-8 and the record as it would stand under that key. Little endian.
 */
export class StateBundleWriter {
  #bytes: Buffer<ArrayBuffer>;
  #at = HEADER;
  #count = 0;

  /** @param expected how large it will be, about */
  constructor(expected = 0) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, expected));
  }

  /** With its header. */
  get size(): number {
    return this.#at;
  }

  /** @param from where the part of the key begins that is written */
  add(key: string, from: number, { version, bytes, length: bodyLength }: Encoded): Span {
    const length = CODEC_VERSION + bodyLength;
    this.#open(key, from, length);
    this.#bytes.writeUInt32LE(length, this.#at);
    const start = this.#at + RECORD_LENGTH;
    this.#bytes[start] = version & 0xff;
    this.#bytes[start + 1] = version >>> 8;
    copyBytes(bytes, bodyLength, this.#bytes, start + CODEC_VERSION);
    this.#at = start + length;
    return { start, end: this.#at };
  }

  /** Says that the store has the state of the key under that key, or none: what earlier bundles have of it counts no more. */
  addElsewhere(key: string, from: number): void {
    this.#open(key, from, 0);
    this.#at = this.#bytes.writeUInt32LE(ELSEWHERE, this.#at);
  }

  /** The record, which is not changed afterwards. */
  finish(oldest: number): Uint8Array {
    this.#bytes[0] = VERSION;
    this.#bytes.writeDoubleLE(oldest, 1);
    this.#bytes.writeUInt32LE(this.#count, 9);
    const record = this.#bytes.subarray(0, this.#at);
    // it is kept for a while, and what it did not need with it
    return 2 * this.#at < this.#bytes.byteLength ? new Uint8Array(record) : record;
  }

  #open(key: string, from: number, recordBytes: number): void {
    this.#reserve(KEY_LENGTH + MAX_UNIT_BYTES * (key.length - from) + RECORD_LENGTH + recordBytes);
    this.#count += 1;
    const start = this.#at + KEY_LENGTH;
    const end = writeText(this.#bytes, start, key, from);
    const length = end - start;
    this.#bytes[this.#at] = length & 0xff;
    this.#bytes[this.#at + 1] = length >>> 8;
    this.#at = end;
  }

  #reserve(more: number): void {
    const wanted = this.#at + more;
    if (wanted <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#bytes.byteLength));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** What a bundle has. */
export interface StateBundle {
  /** Number of the oldest bundle that counted when this one was written. */
  readonly oldest: number;
  /** In the order in which they were written; a key is named once. */
  readonly states: readonly BundledState[];
}

/** @param owner for errors @throws MillraceError STORE_CORRUPT for bytes that `StateBundleWriter` cannot have made */
export const decodeBundle = (bytes: Uint8Array, owner: string): StateBundle => {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (record.readUInt8(0) !== VERSION) throw new RangeError(`no bundle begins with ${record[0]}`);
    const states: BundledState[] = [];
    let at = HEADER;
    for (let left = record.readUInt32LE(9); left > 0; left -= 1) {
      const text = at + KEY_LENGTH;
      const lengthAt = text + record.readUInt16LE(at);
      const length = record.readUInt32LE(lengthAt);
      const start = lengthAt + RECORD_LENGTH;
      at = start + (length === ELSEWHERE ? 0 : length);
      const span = length === ELSEWHERE ? undefined : { start, end: at };
      states.push({ text: record.toString('utf8', text, lengthAt), at: span });
    }
    if (at !== record.byteLength) throw new RangeError('it does not end where it should');
    return { oldest: record.readDoubleLE(1), states };
  } catch (cause) {
    throw corruptState(`${owner}: a bundle is not one that this version has written`, cause);
  }
};
