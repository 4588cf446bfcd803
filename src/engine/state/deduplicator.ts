import type { Deduplication } from '../../connector/source.js';
import { digestOf, fitsKey } from '../layout/keys/key-text.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import type { CommitPart } from '../tick/commit-part.js';
import { EMPTY_RING, KeyRing, type RingEntry, type RingState } from './key-ring.js';

export interface DeduplicatorOptions {
  /** The source's. */
  readonly name: string;
  /** How long, and how many keys are known. */
  readonly limits: Deduplication;
  /** Has the keys, beside what the next commit adds. */
  readonly overlay: Overlay;
}

/** Keys that one call may forget at most: more than it adds, so what is too much always shrinks, and no call takes long. */
const FORGET_AT_ONCE = 4;
/** Seq and time, each a double. */
const KNOWN_BYTES = 16;
/** What a key adds to a commit besides its text, twice: where it is known, and in the order of keys. */
const OVERHEAD_BYTES = 64;

interface Saved {
  readonly nextSeq: number;
  readonly latestMs: number;
  readonly changedBytes: number;
}

interface StoredDeduplicator {
  readonly ring: RingState;
  readonly nextSeq: number;
  readonly latestMs: number;
}

/**
 * Tells copies of items by their keys, across restarts: each key is known for `ttlMs` from when it first came, and the oldest go first
 * when there are more than `maxEntries`. All of it is in the store: memory has what the next commit will add, and the oldest chunk of
 * the order. Time is the latest that was seen, so a clock that is set back makes keys known for longer, never for less.
 *
 * D1. A key becomes known in the commit that has its item's effect, or not at all: so an item whose commit was lost is no copy.
 */
export class Deduplicator implements CommitPart {
  readonly #limits: Deduplication;
  readonly #overlay: Overlay;
  readonly #key: string;
  readonly #knownPrefix: string;
  readonly #ring: KeyRing;
  #nextSeq: number;
  #latestMs: number;
  #changedBytes = 0;
  #saved: Saved | undefined;

  /** @throws MillraceError INVALID_OPTIONS for a name that no key can have */
  constructor({ name, limits, overlay }: DeduplicatorOptions) {
    this.#limits = limits;
    this.#overlay = overlay;
    this.#key = nameKey('dedupe', name);
    this.#knownPrefix = `${namePrefix('dedupe', name)}known/`;
    const { ring, nextSeq, latestMs } = readState(overlay.get(this.#key));
    this.#ring = new KeyRing(overlay, `${namePrefix('dedupe', name)}order/`, ring);
    this.#nextSeq = nextSeq;
    this.#latestMs = latestMs;
  }

  /** Keys that are known, or were and are not yet forgotten. */
  get size(): number {
    return this.#ring.size;
  }

  get changed(): boolean {
    return this.#changedBytes > 0;
  }

  get changedBytes(): number {
    return this.#changedBytes;
  }

  /** Whether this key came for the first time; it is known from now on. `timestampMs` is wall-clock time. */
  isNew(key: string, timestampMs: number): boolean {
    this.#latestMs = Math.max(this.#latestMs, timestampMs);
    this.#forgetOld();
    const text = this.#textOf(key);
    const known = this.#known(text);
    if (known !== undefined && !this.#isExpired(known.timeMs)) return false;
    this.#learn({ seq: this.#nextSeq, text, timeMs: this.#latestMs });
    this.#forgetOld();
    return true;
  }

  begin(): void {
    this.#ring.begin();
    this.#saved = { nextSeq: this.#nextSeq, latestMs: this.#latestMs, changedBytes: this.#changedBytes };
  }

  /** Goes back to `begin`; what it has put into the overlay is undone there. */
  undo(): void {
    if (this.#saved === undefined) return;
    this.#ring.undo();
    this.#nextSeq = this.#saved.nextSeq;
    this.#latestMs = this.#saved.latestMs;
    this.#changedBytes = this.#saved.changedBytes;
  }

  sealInto(overlay: Overlay): void {
    const ring = this.#ring.sealInto(overlay);
    const state: StoredDeduplicator = { ring, nextSeq: this.#nextSeq, latestMs: this.#latestMs };
    overlay.put(this.#key, encodeStored(state));
    this.#changedBytes = 0;
  }

  /** The overlay has had the bytes since the seal. */
  committed(): void {}

  /** A digest is enough where a key is too long: that two keys have the same one does not happen. */
  #textOf(key: string): string {
    return fitsKey(this.#knownPrefix, `s${key}`, this.#overlay.maxKeyBytes) ? `s${key}` : `h${digestOf(key)}`;
  }

  #learn(entry: RingEntry): void {
    this.#nextSeq += 1;
    this.#overlay.put(this.#knownPrefix + entry.text, encodeKnown(entry));
    this.#ring.push(entry);
    this.#changedBytes += OVERHEAD_BYTES + 2 * entry.text.length;
  }

  #known(text: string): Known | undefined {
    const bytes = this.#overlay.get(this.#knownPrefix + text);
    return bytes === undefined ? undefined : decodeKnown(bytes);
  }

  #isExpired(timeMs: number): boolean {
    return this.#latestMs - timeMs >= this.#limits.ttlMs;
  }

  #forgetOld(): void {
    for (let left = FORGET_AT_ONCE; left > 0; left -= 1) {
      const oldest = this.#ring.peek();
      if (oldest === undefined) return;
      if (this.#ring.size <= this.#limits.maxEntries && !this.#isExpired(oldest.timeMs)) return;
      this.#ring.shift();
      this.#changedBytes += OVERHEAD_BYTES + oldest.text.length;
      // a key that came again after its time has a newer place in the order
      if (this.#known(oldest.text)?.seq === oldest.seq) this.#overlay.remove(this.#knownPrefix + oldest.text);
    }
  }
}

type Known = Pick<RingEntry, 'seq' | 'timeMs'>;

const encodeKnown = ({ seq, timeMs }: Known): Uint8Array => {
  const bytes = new Uint8Array(KNOWN_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, seq);
  view.setFloat64(8, timeMs);
  return bytes;
};

const decodeKnown = ({ buffer, byteOffset }: Uint8Array): Known => {
  const view = new DataView(buffer, byteOffset, KNOWN_BYTES);
  return { seq: view.getFloat64(0), timeMs: view.getFloat64(8) };
};

const NOTHING: StoredDeduplicator = { ring: EMPTY_RING, nextSeq: 0, latestMs: Number.NEGATIVE_INFINITY };

/** Written by `sealInto`, and its bytes are checked by the store. */
const readState = (bytes: Uint8Array | undefined): StoredDeduplicator =>
  bytes === undefined ? NOTHING : (decodeStored(bytes) as StoredDeduplicator);
