import type { StateKey } from '../../pipeline/stage-state.js';
import type { IndexEntry, TimerIndex } from '../../pipeline/timers/timer-index.js';
import { compareKeys } from '../../store/compare-keys.js';
import type { StoreRecord, StoreView } from '../../store/store.js';
import { behindDue, dueKey, dueRecord, readDue } from '../layout/keys/due-key.js';
import type { Overlay } from '../layout/overlay.js';
import { BundledTimers } from './bundled-timers.js';
import type { BundleLimits } from './state-bundles.js';
import { compareEntries, type Placed, TimerFront } from './timer-front.js';

/** So many are read at once. */
const READ = 1024;
/** So many of those with records of their own are in memory at most; half of them stay when there are more. */
const MOST = 16_384;
/** What a change adds to a commit besides its key. */
const OVERHEAD_BYTES = 64;

export interface StoredTimerIndexOptions {
  /** What the keys of all entries begin with. */
  readonly prefix: string;
  /** For errors. */
  readonly owner: string;
  /** Has what the next commits change. */
  readonly overlay: Overlay;
  /** Below the overlay. */
  readonly store: Pick<StoreView, 'range'>;
  /** Of those that are in bundles. */
  readonly bundles: BundleLimits;
}

/**
 * An index over the store of the job. What comes is in bundles first, all of them in memory (`BundledTimers`); behind them there is a record without a value
 * for each key, in the order of time. The first of these are in memory, and more are read when those are gone.
 *
 * TM7. All records below the horizon are in the front, and none of the others: what is put or removed there changes overlay and front alike.
 */
export class StoredTimerIndex implements TimerIndex {
  readonly #prefix: string;
  readonly #end: string;
  readonly #overlay: Overlay;
  readonly #store: Pick<StoreView, 'range'>;
  readonly #bundled: BundledTimers;
  readonly #front = new TimerFront();
  #horizon: string;
  #changedBytes = 0;

  /** @throws MillraceError STORE_CORRUPT */
  constructor({ prefix, owner, overlay, store, bundles: limits }: StoredTimerIndexOptions) {
    this.#prefix = prefix;
    this.#end = behindDue(prefix);
    this.#overlay = overlay;
    this.#store = store;
    this.#horizon = prefix;
    const putOwn = (at: number, key: StateKey): void => this.#putOwn(at, key);
    this.#bundled = new BundledTimers({ prefix, owner, overlay, store, limits, putOwn });
  }

  /** Of what was put and removed since the last seal. */
  get changedBytes(): number {
    return this.#changedBytes + this.#bundled.changedBytes;
  }

  put(at: number, key: StateKey): void {
    if (!this.#bundled.put(at, key)) this.#putOwn(at, key);
  }

  remove(at: number, key: StateKey): void {
    if (this.#bundled.remove(at, key)) return;
    const first = this.#front.peek();
    // mostly it fires, and its key is known
    const entry = first?.at === at && first.key === key ? first : this.#placedOf(at, key);
    const id = dueKey(this.#prefix, at, entry.text);
    this.#overlay.remove(id);
    this.#changedBytes += OVERHEAD_BYTES + id.length;
    this.#front.remove(entry);
  }

  peek(): IndexEntry | undefined {
    this.#fill();
    const [own, bundled] = [this.#front.peek(), this.#bundled.peek()];
    if (own === undefined || bundled === undefined) return own ?? bundled;
    return compareEntries(own, bundled) < 0 ? own : bundled;
  }

  first(most: number): readonly IndexEntry[] {
    this.#fill();
    const own = this.#front.first(most);
    const bundled = this.#bundled.first(most);
    const last = own.at(-1);
    if (last === undefined) return bundled;
    // records that are not in memory may be before those behind it
    const isBefore = (entry: Placed): boolean => this.#horizon === this.#end || compareEntries(entry, last) < 0;
    return [...own, ...bundled.filter(isBefore)].sort(compareEntries).slice(0, most);
  }

  sealInto(overlay: Overlay): void {
    this.#bundled.sealInto(overlay);
    this.#changedBytes = 0;
  }

  begin(): void {
    this.#bundled.begin();
  }

  /** The overlay has taken back what it had of the index: it is read anew. */
  undo(): void {
    this.#bundled.undo();
    this.#front.clear();
    this.#horizon = this.#prefix;
    this.#changedBytes = 0;
  }

  #putOwn(at: number, key: StateKey): void {
    const record = dueRecord(this.#prefix, { at, key }, this.#overlay.maxKeyBytes);
    this.#overlay.put(record.key, record.value);
    this.#changedBytes += OVERHEAD_BYTES + record.key.length;
    if (compareKeys(record.key, this.#horizon) >= 0) return;
    this.#take(record);
    this.#bound();
  }

  #placedOf(at: number, key: StateKey): Placed {
    return readDue(this.#prefix, dueRecord(this.#prefix, { at, key }, this.#overlay.maxKeyBytes));
  }

  /** What is left out is read again when its turn comes. */
  #bound(): void {
    if (this.#front.size <= MOST) return;
    const next = this.#front.shorten(MOST / 2);
    this.#horizon = next === undefined ? this.#end : dueKey(this.#prefix, next.at, next.text);
  }

  #fill(): void {
    if (this.#front.size > 0 || this.#horizon === this.#end) return;
    const from = this.#horizon;
    const read = this.#readStored(from);
    for (const record of this.#overlay.putsWithin(from, this.#horizon)) {
      if (!read.has(record.key)) this.#take(record);
    }
    this.#bound();
  }

  /** Of the store alone, without what is removed; moves the horizon to where it has stopped. */
  #readStored(from: string): ReadonlySet<string> {
    const read = new Set<string>();
    this.#horizon = this.#end;
    for (const record of this.#store.range(from, this.#end)) {
      if (read.size === READ) {
        this.#horizon = record.key;
        break;
      }
      if (this.#overlay.removes(record.key)) continue;
      read.add(record.key);
      this.#take(record);
    }
    return read;
  }

  #take(record: StoreRecord): void {
    this.#front.put(readDue(this.#prefix, record));
  }
}
