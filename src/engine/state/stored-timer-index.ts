import type { StateKey } from '../../pipeline/stage-state.js';
import type { IndexEntry, TimerIndex } from '../../pipeline/timers/timer-index.js';
import { compareKeys } from '../../store/compare-keys.js';
import type { StoreView } from '../../store/store.js';
import { dueRecord, readDue } from '../layout/keys/due-key.js';
import type { Overlay } from '../layout/overlay.js';
import { endOf } from '../layout/stored-parts.js';

/** So many of the first are read at once, and twice as many are in memory at most. */
const FRONT = 1024;
/** What a change adds to a commit besides its key. */
const OVERHEAD_BYTES = 64;

/** An entry with its key of the store, by which they are ordered. */
interface Placed extends IndexEntry {
  readonly id: string;
}

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
  /** Ascending. */
  #front: Placed[] = [];
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
    this.#front.splice(this.#placeOf(id), 0, { id, at, key });
    if (this.#front.length > 2 * FRONT) this.#shorten();
  }

  remove(at: number, key: StateKey): void {
    const { key: id } = this.#recordOf(at, key);
    this.#overlay.remove(id);
    this.#changedBytes += OVERHEAD_BYTES + id.length;
    const place = this.#placeOf(id);
    if (this.#front[place]?.id === id) this.#front.splice(place, 1);
  }

  peek(): IndexEntry | undefined {
    this.#fill();
    return this.#front[0];
  }

  first(most: number): readonly IndexEntry[] {
    this.#fill();
    return this.#front.slice(0, most);
  }

  /** The next commit has what was changed. */
  sealed(): void {
    this.#changedBytes = 0;
  }

  /** The overlay has taken back what it had of the index: it is read anew. */
  undo(): void {
    this.#front = [];
    this.#horizon = this.#prefix;
    this.#changedBytes = 0;
  }

  #recordOf(at: number, key: StateKey) {
    return dueRecord(this.#prefix, { at, key }, this.#overlay.maxKeyBytes);
  }

  /** What is left out is read again when its turn comes. */
  #shorten(): void {
    this.#horizon = this.#front[FRONT]?.id ?? this.#end;
    this.#front.length = FRONT;
  }

  #fill(): void {
    if (this.#front.length > 0 || this.#horizon === this.#end) return;
    const from = this.#horizon;
    const front = this.#readStored(from);
    const read = new Set(front.map(({ id }) => id));
    for (const record of this.#overlay.putsWithin(from, this.#horizon)) {
      if (!read.has(record.key)) front.push({ id: record.key, ...readDue(this.#prefix, record) });
    }
    this.#front = front.sort((one, other) => compareKeys(one.id, other.id));
    if (front.length > 2 * FRONT) this.#shorten();
  }

  /** Of the store alone, without what is removed; moves the horizon to where it has stopped. */
  #readStored(from: string): Placed[] {
    const front: Placed[] = [];
    this.#horizon = this.#end;
    for (const record of this.#store.range(from, this.#end)) {
      if (front.length === FRONT) {
        this.#horizon = record.key;
        break;
      }
      if (!this.#overlay.removes(record.key)) front.push({ id: record.key, ...readDue(this.#prefix, record) });
    }
    return front;
  }

  /** Where it is in the front, or would be. */
  #placeOf(id: string): number {
    let low = 0;
    let high = this.#front.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#front[middle];
      if (other !== undefined && compareKeys(other.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
