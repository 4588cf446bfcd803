import type { StateKey } from '../../pipeline/stage-state.js';
import { NEVER_CACHED, type StateEntry } from './state-entry.js';

/** How much decoded state stays in memory that the store has as well. */
export interface CacheLimits {
  /** Decoded states at once; those that changed are kept beyond it. */
  readonly maxEntries: number;
  /** An estimate of the memory that they take. */
  readonly maxBytes: number;
}

/**
 * The entries of one stage in memory: those that were changed since the last seal, all of them, and others up to a bound. Two
 * generations stand for the order of use: what is used moves to the young one; when that has half of the bound it becomes the old one,
 * and what was in the old one is forgotten. Changed entries are always in the young one. No list is kept in order, and every operation
 * costs a constant time on average.
 */
export class StateCache {
  readonly #limits: CacheLimits;
  #young = new Map<StateKey, StateEntry>();
  #old = new Map<StateKey, StateEntry>();
  #youngBytes = 0;
  /** Counts the young ones: an entry that has this number is in there, and need not be looked for. */
  #generation = 0;
  #changed: StateEntry[] = [];
  #changedBytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /** Those changed since the last seal. */
  get changed(): readonly StateEntry[] {
    return this.#changed;
  }

  get changedBytes(): number {
    return this.#changedBytes;
  }

  /** Entries in memory. One that was used again after it grew old counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  find(key: StateKey): StateEntry | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.add(old);
    return old;
  }

  add(entry: StateEntry): void {
    this.#keep(entry);
    this.#age();
  }

  /** Keeps an entry of this cache until `sealed`. */
  markChanged(entry: StateEntry): void {
    if (entry.changed) return;
    entry.changed = true;
    this.#changed.push(entry);
    this.#changedBytes += entry.bytes;
    if (entry.generation !== this.#generation) this.#keep(entry);
  }

  /** The store's next commit has all changes: from now on any entry can be read again. */
  sealed(): void {
    for (const entry of this.#changed) entry.changed = false;
    this.#changed = [];
    this.#changedBytes = 0;
    this.#age();
  }

  /** Forgets the entry of a key, though it was changed since the last seal. */
  drop(key: StateKey): void {
    for (const entry of [this.#young.get(key), this.#old.get(key)]) {
      if (entry === undefined) continue;
      // changed just now, so it is among the last
      if (entry.changed) this.#changed.splice(this.#changed.lastIndexOf(entry), 1);
      if (entry.changed) this.#changedBytes -= entry.bytes;
      entry.changed = false;
      this.#forget(entry);
    }
  }

  /** Forgets all, what was changed since the last seal too. */
  clear(): void {
    this.#begin();
    this.#old = new Map();
    this.#changed = [];
    this.#changedBytes = 0;
  }

  /** A changed entry now takes so much. */
  reweigh(entry: StateEntry, bytes: number): void {
    this.#youngBytes += bytes - entry.bytes;
    this.#changedBytes += bytes - entry.bytes;
    entry.bytes = bytes;
  }

  #keep(entry: StateEntry): void {
    this.#young.set(entry.key, entry);
    this.#youngBytes += entry.bytes;
    entry.generation = this.#generation;
  }

  #forget(entry: StateEntry): void {
    if (this.#young.delete(entry.key)) this.#youngBytes -= entry.bytes;
    this.#old.delete(entry.key);
    entry.generation = NEVER_CACHED;
  }

  #age(): void {
    const clean = this.#young.size - this.#changed.length;
    const { maxEntries, maxBytes } = this.#limits;
    if (clean * 2 <= maxEntries && (this.#youngBytes - this.#changedBytes) * 2 <= maxBytes) return;
    this.#old = this.#young;
    this.#begin();
    for (const entry of this.#changed) this.#keep(entry);
  }

  #begin(): void {
    this.#young = new Map();
    this.#youngBytes = 0;
    this.#generation += 1;
  }
}
