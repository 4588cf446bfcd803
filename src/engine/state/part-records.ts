import { corruptState } from '../../errors/corrupt-state.js';
import type { StateKey } from '../../pipeline/stage-state.js';
import type { PartRange, StateParts } from '../../pipeline/state-parts.js';
import { partKey } from '../layout/keys/part-key.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeVersioned, type Encoding, withVersion } from '../layout/values/versioned-record.js';

export interface PartRecordsOptions {
  readonly parts: StateParts;
  /** What all keys begin with under which something is stored for the stage. */
  readonly prefix: string;
  /** For errors. */
  readonly owner: string;
  readonly overlay: Pick<Overlay, 'get' | 'maxKeyBytes'>;
}

/** What is stored of a key. */
export interface Parted {
  readonly key: StateKey;
  /** The parts that are stored of its state; undefined: none. */
  parts: PartRange | undefined;
}

/**
 * The parts of the states of a stage.
 *
 * SR1. A part is put, and those that its state has no more are removed, in the commit of the record that says which there are.
 */
export class PartRecords {
  readonly #options: PartRecordsOptions;
  readonly #encoding: Encoding;
  #some = false;

  constructor(options: PartRecordsOptions) {
    this.#options = options;
    this.#encoding = { codec: options.parts.codec, owner: options.owner };
  }

  /** Whether a state has had any. */
  get some(): boolean {
    return this.#some;
  }

  /** Bytes of all of a state, as it is stored. */
  sizeOf(value: unknown): number {
    return this.#options.parts.sizeOf(value);
  }

  /** What a state was made of that was read now. @throws MillraceError STORE_CORRUPT */
  join(key: StateKey, value: unknown): PartRange | undefined {
    const { parts, overlay } = this.#options;
    const range = parts.rangeOf(value);
    if (range.first === range.end) return undefined;
    const read: unknown[] = [];
    for (let number = range.first; number < range.end; number += 1) {
      const bytes = overlay.get(this.#keyOf(key, number));
      if (bytes === undefined) throw corruptState(`${this.#encoding.owner}: part ${number} of a state is missing`);
      read.push(decodeVersioned(this.#encoding, bytes));
    }
    parts.join(value, read);
    return range;
  }

  /** The record of the key was encoded just now. @param value undefined: the key has no state any more */
  store(entry: Parted, value: unknown, into: Pick<Overlay, 'put' | 'remove'>): void {
    const { parts } = this.#options;
    const range = value === undefined ? NO_PARTS : parts.rangeOf(value);
    this.#removeBut(entry, range, into);
    if (range.first === range.end) return;
    entry.parts = range;
    const bytes = parts.newPart(value);
    if (bytes === undefined) return;
    const { version } = parts.codec;
    into.put(this.#keyOf(entry.key, range.end - 1), withVersion({ version, bytes, length: bytes.byteLength }));
    this.#some = true;
  }

  #removeBut(entry: Parted, { first, end }: PartRange, into: Pick<Overlay, 'remove'>): void {
    const { parts, key } = entry;
    if (parts === undefined) return;
    entry.parts = undefined;
    for (let number = parts.first; number < parts.end; number += 1) {
      if (number < first || number >= end) into.remove(this.#keyOf(key, number));
    }
  }

  #keyOf(key: StateKey, number: number): string {
    const { prefix, overlay } = this.#options;
    return partKey({ prefix, key, number }, overlay.maxKeyBytes);
  }
}

const NO_PARTS: PartRange = { first: 0, end: 0 };
