import { compareKeys } from '../compare-keys.js';
import type { StoreBatch, StoreChange } from '../store.js';
import { KeysByKind } from './keys-by-kind.js';

/** The last change of a key. */
interface Change {
  /** Undefined: removed. */
  readonly value: Uint8Array | undefined;
}

/**
 * Changes that the log has and the view has not yet: the last one of each key. Those that are on their way into the view stand below those
 * that came since, so that what comes and goes in between never reaches the view.
 */
export class PendingChanges {
  #young = new Generation();
  /** On their way into the view. */
  #leaving = new Generation();

  /** How many `take` would give. */
  get size(): number {
    return this.#young.changes.size;
  }

  /** All that the view has not yet. */
  get count(): number {
    return this.#young.changes.size + this.#leaving.changes.size;
  }

  /** Of keys and values. */
  get bytes(): number {
    return this.#young.bytes + this.#leaving.bytes;
  }

  add(changes: Iterable<StoreChange>): void {
    for (const [key, value] of changes) this.#young.put(key, value);
  }

  /** All that is to go into the view: `applied` comes before the next `take`. */
  take(): StoreBatch {
    this.#leaving = this.#young;
    this.#young = new Generation();
    return this.#leaving.changes;
  }

  /** The view has what was taken. */
  applied(): void {
    this.#leaving = new Generation();
  }

  /** The change of a key, if there is one. */
  get(key: string): Change | undefined {
    return this.#young.get(key) ?? this.#leaving.get(key);
  }

  /** The first changed key that is not below `from` and is below `to`; with `after`, that is above `from`. */
  next(from: string, to: string, after: boolean): string | undefined {
    const young = this.#young.next(from, to, after);
    const leaving = this.#leaving.next(from, to, after);
    if (young === undefined || leaving === undefined) return young ?? leaving;
    return compareKeys(young, leaving) < 0 ? young : leaving;
  }
}

class Generation {
  readonly changes = new Map<string, Uint8Array | undefined>();
  readonly #keys = new KeysByKind();
  bytes = 0;

  get(key: string): Change | undefined {
    const value = this.changes.get(key);
    return value !== undefined || this.changes.has(key) ? { value } : undefined;
  }

  next(from: string, to: string, after: boolean): string | undefined {
    return this.#keys.next(from, to, after);
  }

  put(key: string, value: Uint8Array | undefined): void {
    const former = this.changes.get(key);
    const before = this.changes.size;
    this.changes.set(key, value);
    this.bytes += (value?.byteLength ?? 0) - (former?.byteLength ?? 0);
    if (this.changes.size === before) return;
    this.bytes += key.length;
    this.#keys.add(key);
  }
}
