import { compareKeys } from '../../../src/store/compare-keys.js';
import { SortedRecords } from '../../../src/store/memory/sorted-records.js';
import type { StoreBatch, StoreRecord, StoreView } from '../../../src/store/store.js';
import type { SeededRandom } from '../seeded-random.js';
import type { Mortal, SimClock } from './sim-clock.js';

/** Who is told what becomes of a write. */
export interface WriteListener {
  readonly onDurable: () => void;
  /** What became of it, and of all that follow, is unknown. */
  readonly onFailed: () => void;
  /** Another owner came before it was there. */
  readonly onFenced: () => void;
}

interface Write extends WriteListener {
  readonly batch: StoreBatch;
  readonly owner: Mortal;
}

/** How long an fsync takes, in milliseconds. */
export interface DiskSpeed {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * How a disk may be wrong, to see that the simulator notices. `lying`: says that a write is durable although a crash can undo it.
 * `torn`: a crash leaves part of a write.
 */
export type DiskFlaw = 'none' | 'lying' | 'torn';

/** Writes that a lying disk may still lose. */
const UNDONE = 2;

/**
 * What survives a process: durable records, and writes that are on their way. A write becomes durable when its time has come, in
 * order; a crash makes any prefix of those under way durable and loses the rest.
 */
export class SimDisk {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #records = new SortedRecords();
  #writes: Write[] = [];
  #commits = 0;
  #failing = false;
  #owner = 0;
  /** What processes that were taken over had seen. */
  readonly #left = new Map<number, SortedRecords>();
  /** What the last writes have replaced, newest last. */
  readonly #undo: StoreBatch[] = [];
  flaw: DiskFlaw = 'none';
  /** Told of each record of a write. */
  onWrite: (key: string, value: Uint8Array | undefined) => void = () => {};
  speed: DiskSpeed = { minMs: 1, maxMs: 5 };

  constructor(clock: SimClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Writes that became durable. */
  get commits(): number {
    return this.#commits;
  }

  /** Whether a failure is still to come. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Writes under way. */
  get pending(): number {
    return this.#writes.length;
  }

  /** The process, by its number, that may write: no earlier one may. */
  get owner(): number {
    return this.#owner;
  }

  /** A process becomes the owner: of what the one before had begun to write some is there, and the rest is refused. */
  takeOver(process: number): void {
    if (process === this.#owner) return;
    const former = this.#owner;
    this.#owner = process;
    const kept = this.#random.below(this.#writes.length + 1);
    for (const [index, { batch, owner, onDurable, onFenced }] of this.#writes.splice(0).entries()) {
      if (index < kept) this.#apply(batch);
      this.#clock.after(0, index < kept ? onDurable : onFenced, owner);
    }
    const left = new SortedRecords();
    for (const [key, value] of this.#records.entries()) left.put(key, value);
    this.#left.set(former, left);
  }

  /** The durable state; of a process that was taken over, as that found it: each has a view of its own of the log. */
  viewOf(process: number): StoreView {
    const records = (): SortedRecords => this.#left.get(process) ?? this.#records;
    return { get: (key) => copyOf(records().get(key)), range: (from, to) => rangeOf(records(), from, to) };
  }

  /** The durable state. */
  get view(): StoreView {
    return { get: (key) => copyOf(this.#records.get(key)), range: (from, to) => rangeOf(this.#records, from, to) };
  }

  /** The next fsync fails: of what waits for it some is there and some is not. */
  failNext(): void {
    this.#failing = true;
  }

  write(batch: StoreBatch, owner: Mortal, listener: WriteListener): void {
    const copy = new Map([...batch].map(([key, value]) => [key, copyOf(value)]));
    for (const [key, value] of copy) this.onWrite(key, value);
    this.#writes.push({ batch: copy, owner, ...listener });
    const { minMs, maxMs } = this.speed;
    this.#clock.after(minMs + this.#random.next() * (maxMs - minMs), () => this.#sync(), owner);
  }

  /** The process died: what it had begun to write is there up to some point. */
  crash(): void {
    const kept = this.#random.below(this.#writes.length + 1);
    for (const { batch } of this.#writes.slice(0, kept)) this.#apply(batch);
    const torn = this.#writes[kept]?.batch;
    if (this.flaw === 'torn' && torn !== undefined)
      this.#apply(new Map([...torn].filter(() => this.#random.chance(0.5))));
    if (this.flaw === 'lying') for (const batch of this.#undo.splice(0).reverse()) this.#put(batch);
    this.#writes = [];
  }

  /** One fsync is for all that was written before it, or for the first alone. */
  #sync(): void {
    if (this.#failing && this.#writes.length > 0) {
      this.#failing = false;
      this.#fail();
      return;
    }
    const count = this.#random.chance(0.5) ? this.#writes.length : 1;
    const done = this.#writes.splice(0, count);
    for (const { batch } of done) this.#apply(batch);
    for (const { owner, onDurable } of done) if (owner.alive) onDurable();
  }

  #fail(): void {
    const writes = this.#writes;
    this.crash();
    for (const { owner, onFailed } of writes) if (owner.alive) onFailed();
  }

  #apply(batch: StoreBatch): void {
    this.#commits += 1;
    if (this.flaw === 'lying') {
      this.#undo.push(new Map([...batch.keys()].map((key) => [key, this.#records.get(key)])));
      this.#undo.splice(0, this.#undo.length - UNDONE);
    }
    this.#put(batch);
  }

  #put(batch: StoreBatch): void {
    for (const [key, value] of batch) {
      if (value === undefined) this.#records.remove(key);
      else this.#records.put(key, value);
    }
  }
}

function* rangeOf(records: SortedRecords, from: string, to: string): Generator<StoreRecord, void> {
  let after = false;
  for (let key = records.next(from, after); key !== undefined; key = records.next(key, after)) {
    if (compareKeys(key, to) >= 0) return;
    const value = copyOf(records.get(key));
    if (value !== undefined) yield { key, value };
    after = true;
  }
}

function copyOf(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : new Uint8Array(value);
}
