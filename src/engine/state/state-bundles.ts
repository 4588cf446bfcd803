import { corruptState } from '../../errors/corrupt-state.js';
import type { MillraceError } from '../../errors/millrace-error.js';
import { present } from '../../internal/present.js';
import type { StateKey } from '../../pipeline/stage-state.js';
import type { StoreView } from '../../store/store.js';
import { type EntryKey, keyOfText } from '../layout/keys/entry-key.js';
import { numberKey } from '../layout/keys/number-key.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeBundle, type Span, StateBundleWriter } from '../layout/values/state-bundle.js';
import type { Encoded } from '../layout/values/versioned-record.js';
import type { StateEntry } from './state-entry.js';
import type { Bundle, Place } from './state-place.js';

/** Which states are bundled, and how many bundles there are at once. */
export interface BundleLimits {
  /** A seal that has fewer states of busy keys bundles none. */
  readonly fewest: number;
  /** States in all bundles together, later and earlier ones of a key; those of the last seal may be more. */
  readonly maxStates: number;
  /** Bytes of all bundles together; those of the last seal may be more. */
  readonly maxBytes: number;
}

/** A larger state stands by itself: it costs more to write twice than a key of its own. */
const MAX_STATE_BYTES = 1024;
/** A larger record would need as much in one piece in the store's file. */
const BUNDLE_BYTES = 256 * 1024;
/** Each is read at a start. */
const MAX_BUNDLES = 64;
/** A bundle has room for more than the last ones needed, and that is forgotten slowly. */
const ROOM = 1.1;
const DECAY = 0.95;
/** Behind the prefix of the stage: no key of a state begins with it (`keyText`). */
const BUNDLE = 'd';
const BEHIND_BUNDLES = 'e';

const NOTHING = new Uint8Array();

/** Of what stands behind the prefix of a stage: a bundle, and no state of a key. */
export const isBundleKey = (rest: string): boolean => rest.startsWith(BUNDLE);

/** A place as it was. */
interface Was extends Span {
  readonly place: Place;
  readonly bundle: Bundle | undefined;
}

/** What `begin` found. */
interface Saved {
  readonly bundles: readonly Bundle[];
  readonly next: number;
  /** Places that have changed since. */
  readonly places: Was[];
  /** Whether a seal came since. */
  sealed: boolean;
}

export interface StateBundlesOptions {
  /** What all keys begin with under which something is stored for the stage. */
  readonly prefix: string;
  /** For errors. */
  readonly owner: string;
  /** Has the bundles of earlier runs. */
  readonly store: Pick<StoreView, 'range'>;
  /** Of the stage. */
  readonly limits: BundleLimits;
  /** A key is busy when it was sealed among so many last seals. */
  readonly busySeals: number;
  /** Puts what a bundle has had of a key where it stands by itself. */
  readonly putApart: (place: Place, record: Uint8Array, overlay: Overlay) => void;
}

/** What a bundle has of a key. */
export interface BundledRecord {
  readonly place: Place;
  readonly record: Uint8Array;
}

/** What is bundled: the state of a key, mostly. */
export type BundledEntry = Pick<StateEntry, 'key' | 'sealedIn' | 'place'>;

/**
 * The states of busy keys, those of each seal in a few records: a key that changes in nearly each commit costs the writing of its state, and
 * no record of the store. What the bundles have is in memory too, as bytes.
 *
 * SB1. The last bundle that names a key says where its state is: there, or under its own key. What is put under its own key while a bundle has
 *      the key is named by a bundle of the same commit.
 * SB2. Bundles go in the order in which they came. What counts of the oldest one, for no later one names the key, is put under its own key in
 *      the same commit. So a state is written twice at most, and what is read at a start is bounded.
 * SB3. What stands under a key of its own is the same, whether a bundle has had it or not.
 *
 * A seal is `open`, then `take` or `setApart` for each state that has changed, then `close`.
 */
export class StateBundles {
  readonly #options: StateBundlesOptions;
  /** Places that have a bundle. */
  readonly #live = new Map<StateKey, Place>();
  /** Oldest first. */
  #bundles: Bundle[] = [];
  #next = 0;
  /** Counts the seals. */
  #seal = 0;
  #saved: Saved | undefined;
  /** Whether the seal under way has enough states of busy keys. */
  #bundling = false;
  /** That of the seal under way. */
  #open: { readonly bundle: Bundle; readonly writer: StateBundleWriter } | undefined;
  /** How large the last bundles were. */
  #usualBytes = 0;

  /** @throws MillraceError STORE_CORRUPT */
  constructor(options: StateBundlesOptions) {
    this.#options = options;
    this.#read();
  }

  /** Whether there are any. */
  get some(): boolean {
    return this.#bundles.length > 0;
  }

  /** The record of a key that a bundle has, which must not be changed. */
  find(key: StateKey): BundledRecord | undefined {
    const place = this.#live.get(key);
    if (place?.bundle === undefined) return undefined;
    return { place, record: recordOf(place, place.bundle) };
  }

  /** What counts of all bundles, in no order. */
  *all(): Generator<BundledRecord> {
    for (const place of this.#live.values()) {
      if (place.bundle !== undefined) yield { place, record: recordOf(place, place.bundle) };
    }
  }

  /** From here on a seal can be undone, until the next `begin` or a second seal. */
  begin(): void {
    this.#saved = { bundles: [...this.#bundles], next: this.#next, places: [], sealed: false };
  }

  /** Takes back the seal since `begin`; what it has put into the overlay is undone there. */
  undo(): void {
    if (this.#saved === undefined) return;
    const { bundles, next, places } = this.#saved;
    // what is taken back is no change
    this.#saved = undefined;
    for (const was of places.reverse()) this.#move(was.place, was.bundle, was);
    this.#bundles = [...bundles];
    this.#next = next;
    this.#open = undefined;
    this.begin();
  }

  open(changed: Iterable<BundledEntry>): void {
    if (this.#saved?.sealed === true) this.#saved = undefined;
    if (this.#saved !== undefined) this.#saved.sealed = true;
    this.#seal += 1;
    let busy = 0;
    for (const entry of changed) if (this.#isBusy(entry)) busy += 1;
    const { fewest, maxStates } = this.#options.limits;
    this.#bundling = maxStates > 0 && busy >= fewest;
  }

  /** Puts a state into a bundle, as its codec made it, where that is worth it. Otherwise the caller puts it under its own key: `setApart`. */
  take(entry: BundledEntry, at: EntryKey, state: Encoded, overlay: Overlay): boolean {
    const { key } = entry;
    if (!this.#bundling || at.fullText !== undefined || state.length > MAX_STATE_BYTES) return false;
    if (!this.#isBusy(entry)) return false;
    if (this.#open !== undefined && this.#open.writer.size >= BUNDLE_BYTES) this.#finish(overlay);
    const { bundle, writer } = this.#current();
    const span = writer.add(at.storeKey, this.#options.prefix.length, state);
    entry.sealedIn = this.#seal;
    entry.place ??= { key, storeKey: at.storeKey, bundle: undefined, start: span.start, end: span.end };
    this.#move(entry.place, bundle, span);
    bundle.places.push(entry.place);
    return true;
  }

  /** What a changed key has now is under its own key, or it has nothing (SB1). */
  setApart(entry: BundledEntry): void {
    const { place } = entry;
    entry.sealedIn = this.#seal;
    entry.place = undefined;
    if (place?.bundle === undefined) return;
    this.#current().writer.addElsewhere(place.storeKey, this.#options.prefix.length);
    this.#move(place, undefined, place);
  }

  close(overlay: Overlay): void {
    if (this.#open === undefined) return;
    while (this.#bundles.length > 0 && this.#isTooMuch()) this.#giveUpOldest(overlay);
    if (this.#live.size > 0) {
      this.#finish(overlay);
      return;
    }
    // none of them counts any more, so none has to say so
    for (const { number } of this.#bundles) overlay.remove(this.#keyOf(number));
    this.#bundles = [];
    this.#open = undefined;
  }

  #isBusy({ place, sealedIn }: BundledEntry): boolean {
    return place?.bundle !== undefined || this.#seal - sealedIn <= this.#options.busySeals;
  }

  #current(): { readonly bundle: Bundle; readonly writer: StateBundleWriter } {
    if (this.#open !== undefined) return this.#open;
    const writer = new StateBundleWriter(Math.ceil(ROOM * this.#usualBytes));
    this.#open = { bundle: { number: this.#next, bytes: NOTHING, places: [] }, writer };
    this.#next += 1;
    return this.#open;
  }

  #finish(overlay: Overlay): void {
    const { bundle, writer } = this.#current();
    bundle.bytes = writer.finish(this.#bundles[0]?.number ?? bundle.number);
    this.#usualBytes = Math.max(writer.size, DECAY * this.#usualBytes);
    overlay.put(this.#keyOf(bundle.number), bundle.bytes);
    this.#bundles.push(bundle);
    this.#open = undefined;
  }

  /** With that of the seal under way. */
  #isTooMuch(): boolean {
    const { maxStates, maxBytes } = this.#options.limits;
    let states = this.#open?.bundle.places.length ?? 0;
    let bytes = this.#open?.writer.size ?? 0;
    for (const bundle of this.#bundles) {
      states += bundle.places.length;
      bytes += bundle.bytes.byteLength;
    }
    return states > maxStates || bytes > maxBytes || this.#bundles.length >= MAX_BUNDLES;
  }

  /** SB2 */
  #giveUpOldest(overlay: Overlay): void {
    const bundle = present(this.#bundles.shift(), 'asked while there is one');
    for (const place of bundle.places) {
      if (place.bundle !== bundle) continue;
      this.#options.putApart(place, recordOf(place, bundle), overlay);
      this.#move(place, undefined, place);
    }
    overlay.remove(this.#keyOf(bundle.number));
  }

  #move(place: Place, bundle: Bundle | undefined, { start, end }: Span): void {
    if (this.#saved !== undefined)
      this.#saved.places.push({ place, bundle: place.bundle, start: place.start, end: place.end });
    if (bundle === undefined) this.#live.delete(place.key);
    else if (place.bundle === undefined) this.#live.set(place.key, place);
    place.bundle = bundle;
    place.start = start;
    place.end = end;
  }

  #keyOf(number: number): string {
    return `${this.#options.prefix}${BUNDLE}${numberKey(number)}`;
  }

  /** What earlier runs have left. */
  #read(): void {
    const { prefix, store } = this.#options;
    let oldest = 0;
    for (const { key, value } of store.range(`${prefix}${BUNDLE}`, `${prefix}${BEHIND_BUNDLES}`)) {
      const number = Number(key.slice(prefix.length + BUNDLE.length));
      if (this.#bundles.length > 0 && number !== this.#next) throw this.#missing(this.#next);
      oldest = this.#readBundle({ number, bytes: value, places: [] });
      this.#next = number + 1;
    }
    const first = this.#bundles[0];
    if (first !== undefined && first.number !== oldest) throw this.#missing(oldest);
  }

  #readBundle(bundle: Bundle): number {
    const { prefix, owner } = this.#options;
    const { oldest, states } = decodeBundle(bundle.bytes, owner);
    for (const { text, at } of states) {
      const key = keyOfText(text);
      if (key === undefined) throw corruptState(`${owner}: a bundle names a key that is none`);
      const place = this.#live.get(key) ?? { key, storeKey: `${prefix}${text}`, bundle: undefined, start: 0, end: 0 };
      this.#move(place, at === undefined ? undefined : bundle, at ?? place);
      if (at !== undefined) bundle.places.push(place);
    }
    this.#bundles.push(bundle);
    return oldest;
  }

  #missing(number: number): MillraceError {
    return corruptState(`${this.#options.owner}: bundle ${number} of its states is missing`);
  }
}

const recordOf = ({ start, end }: Span, { bytes }: Bundle): Uint8Array => bytes.subarray(start, end);
