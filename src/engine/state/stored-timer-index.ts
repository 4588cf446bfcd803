import type { StateKey } from '../../pipeline/stage-state.js';
import type { IndexEntry, TimerIndex } from '../../pipeline/timers/timer-index.js';
import { compareKeys } from '../../store/compare-keys.js';
import type { StoreRecord, StoreView } from '../../store/store.js';
import { dueRecord, readDue } from '../layout/keys/due-key.js';
import type { Overlay } from '../layout/overlay.js';
import { endOf } from '../layout/stored-parts.js';
import { TimerFront } from './timer-front.js';

/** So many are read at once. */
const READ = 1024;
/** So many are in memory at most; half of them stay when there are more. */
const MOST = 16_384;
/** What a change adds to a commit besides its key. */
const OVERHEAD_BYTES = 64;

export interface StoredTimerIndexOptions {
  /** What the keys of all entries begin with. */
  readonly prefix: string;
  /** Has what the next commits change. */
  readonly overlay: Overlay;
  /** Below the overlay. */
  readonly store: Pick<StoreView, 'range'>;
}

/**
 * An index over the store of the job: a record without a value for each key, in the order of time. The first of them are in memory, and
 * more are read when those are gone.
 *
 * TM7. All entries below the horizon are in the front, and none of the others: what is put or removed there changes overlay and front alike.
 */
export class StoredTimerIndex implements TimerIndex {
  readonly #prefix: string;
  readonly #end: string;
  readonly #overlay: Overlay;
  readonly #store: Pick<StoreView, 'range'>;
  readonly #front = new TimerFront();
  #horizon: string;
  #changedBytes = 0;

  constructor({ prefix, overlay, store }: StoredTimerIndexOptions) {
    this.#prefix = prefix;
    this.#end = endOf(prefix);
    this.#overlay = overlay;
    this.#store = store;
    this.#horizon = prefix;
  }

  /** Of what was put and removed since `sealed`. */
  get changedBytes(): number {
    return this.#changedBytes;
  }

  put(at: number, key: StateKey): void {
    const { key: id, value } = this.#recordOf(at, key);
    this.#overlay.put(id, value);
    this.#changedBytes += OVERHEAD_BYTES + id.length;
    if (compareKeys(id, this.#horizon) >= 0) return;
    this.#front.put({ id, at, key });
    this.#bound();
  }

  remove(at: number, key: StateKey): void {
    const first = this.#front.peek();
    // mostly it fires, and its key is known
    const id = first?.at === at && first.key === key ? first.id : this.#recordOf(at, key).key;
    this.#overlay.remove(id);
    this.#changedBytes += OVERHEAD_BYTES + id.length;
    this.#front.remove({ id, at });
  }

  peek(): IndexEntry | undefined {
    this.#fill();
    return this.#front.peek();
  }

  first(most: number): readonly IndexEntry[] {
    this.#fill();
    return this.#front.first(most);
  }

  /** The next commit has what was changed. */
  sealed(): void {
    this.#changedBytes = 0;
  }

  /** The overlay has taken back what it had of the index: it is read anew. */
  undo(): void {
    this.#front.clear();
    this.#horizon = this.#prefix;
    this.#changedBytes = 0;
  }

  #recordOf(at: number, key: StateKey) {
    return dueRecord(this.#prefix, { at, key }, this.#overlay.maxKeyBytes);
  }

  /** What is left out is read again when its turn comes. */
  #bound(): void {
    if (this.#front.size > MOST) this.#horizon = this.#front.shorten(MOST / 2)?.id ?? this.#end;
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
    this.#front.put({ id: record.key, ...readDue(this.#prefix, record) });
  }
}
