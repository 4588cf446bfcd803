import { corruptState } from '../../errors/corrupt-state.js';
import type { StateKey } from '../../pipeline/stage-state.js';
import type { StoreView } from '../../store/store.js';
import { TIME_LENGTH } from '../layout/keys/due-key.js';
import { type EntryKey, entryKey } from '../layout/keys/entry-key.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeDueTime, encodeDueTime } from '../layout/values/due-time.js';
import { type BundledEntry, type BundleLimits, StateBundles } from './state-bundles.js';
import { NEVER_SEALED } from './state-entry.js';
import { type Placed, TimerFront } from './timer-front.js';

/** What a change adds to a commit besides its key. */
const OVERHEAD_BYTES = 32;

export interface BundledTimersOptions {
  /** What the keys of all entries of the index begin with. */
  readonly prefix: string;
  /** For errors. */
  readonly owner: string;
  readonly overlay: Pick<Overlay, 'maxKeyBytes'>;
  /** Has the bundles of earlier runs. */
  readonly store: Pick<StoreView, 'range'>;
  readonly limits: BundleLimits;
  /** Takes an entry that is here no more. */
  readonly putOwn: (at: number, key: StateKey) => void;
}

interface Entry extends BundledEntry {
  readonly at: EntryKey;
  /** What stands behind the prefix. */
  readonly text: string;
  /** Undefined: the key is not in the index any more. */
  wake: number | undefined;
  /** Since the last seal. */
  changed: boolean;
}

/**
 * The entries of an index that came last: those of each seal in a few records, in bundles as states are (SB1 to SB3), and all of them in memory.
 *
 * TM12. A key is here, or has a record of its own in the order of time, and never both. It comes here, and goes to a record when its bundle is
 *       given up: a timer that has fired by then is no record of the store.
 */
export class BundledTimers {
  readonly #options: BundledTimersOptions;
  readonly #bundles: StateBundles;
  /** With those that have gone since the last seal. */
  readonly #entries = new Map<StateKey, Entry>();
  readonly #front = new TimerFront();
  #changed: Entry[] = [];
  #changedBytes = 0;
  /** Keys that get a record of their own with the seal under way. */
  readonly #leaving = new Set<StateKey>();

  /** @throws MillraceError STORE_CORRUPT */
  constructor(options: BundledTimersOptions) {
    this.#options = options;
    const { prefix, owner, store, limits } = options;
    this.#bundles = new StateBundles({
      prefix,
      owner,
      store,
      limits,
      // what is set is bundled, however seldom that is
      busySeals: Number.POSITIVE_INFINITY,
      putApart: ({ key }) => this.#leave(key),
    });
    this.#fill();
  }

  /** Of what was put and removed since the last seal. */
  get changedBytes(): number {
    return this.#changedBytes;
  }

  /** False for a key that cannot be here: it is too long. */
  put(at: number, key: StateKey): boolean {
    const entry = this.#entries.get(key) ?? this.#entryOf(key);
    if (entry === undefined) return false;
    entry.wake = at;
    this.#front.put({ at, key, text: entry.text });
    this.#change(entry);
    return true;
  }

  /** False for a key that is not here. */
  remove(at: number, key: StateKey): boolean {
    const entry = this.#entries.get(key);
    if (entry?.wake === undefined) return false;
    entry.wake = undefined;
    this.#front.remove({ at, key, text: entry.text });
    this.#change(entry);
    return true;
  }

  peek(): Placed | undefined {
    return this.#front.peek();
  }

  /** The first ones, in order. */
  first(most: number): readonly Placed[] {
    return this.#front.first(most);
  }

  sealInto(overlay: Overlay): void {
    const changed = this.#changed;
    if (changed.length === 0) return;
    this.#changed = [];
    this.#changedBytes = 0;
    this.#bundles.open(changed);
    for (const entry of changed) {
      entry.changed = false;
      const { wake, key } = entry;
      if (wake !== undefined && this.#bundles.take(entry, entry.at, encodeDueTime(wake), overlay)) continue;
      this.#bundles.setApart(entry);
      this.#leave(key);
    }
    this.#bundles.close(overlay);
    if (this.#leaving.size > 0) this.#front.removeAll(this.#leaving);
    this.#leaving.clear();
  }

  begin(): void {
    this.#bundles.begin();
  }

  /** Goes back to the last `begin`, before which all was sealed. */
  undo(): void {
    this.#bundles.undo();
    this.#entries.clear();
    this.#front.clear();
    this.#leaving.clear();
    this.#changed = [];
    this.#changedBytes = 0;
    this.#fill();
  }

  #change(entry: Entry): void {
    if (entry.changed) return;
    entry.changed = true;
    this.#changed.push(entry);
    this.#changedBytes += OVERHEAD_BYTES + entry.text.length;
  }

  #leave(key: StateKey): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry?.wake === undefined) return;
    this.#leaving.add(key);
    this.#options.putOwn(entry.wake, key);
  }

  #entryOf(key: StateKey): Entry | undefined {
    const { prefix, overlay } = this.#options;
    // behind a time it must fit, too
    const at = entryKey(prefix, key, overlay.maxKeyBytes - TIME_LENGTH);
    if (at.fullText !== undefined) return undefined;
    const entry = newEntry(key, at, at.storeKey.slice(prefix.length));
    this.#entries.set(key, entry);
    return entry;
  }

  /** What the bundles have. */
  #fill(): void {
    const { prefix, owner } = this.#options;
    for (const { place, record } of this.#bundles.all()) {
      const { key, storeKey } = place;
      const wake = decodeDueTime(record);
      if (wake === undefined) throw corruptState(`${owner}: a bundle has no time for a key`);
      const text = storeKey.slice(prefix.length);
      const entry = newEntry(key, { storeKey, fullText: undefined }, text);
      entry.wake = wake;
      entry.place = place;
      this.#entries.set(key, entry);
      this.#front.put({ at: wake, key, text });
    }
  }
}

/** Of one shape: there are very many, and what is spread into a literal stands in an array beside it. */
const newEntry = (key: StateKey, at: Entry['at'], text: string): Entry => ({
  key,
  at,
  text,
  wake: undefined,
  changed: false,
  sealedIn: NEVER_SEALED,
  place: undefined,
});
