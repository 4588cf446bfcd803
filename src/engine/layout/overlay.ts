import { compareKeys } from '../../store/compare-keys.js';
import type { Store, StoreBatch, StoreRecord, StoreView } from '../../store/store.js';

/** What an overlay needs of a store. */
export type OverlaidView = StoreView & Pick<Store, 'maxKeyBytes'>;

/**
 * The state of a partition as its next commit will leave it: what changed since the last commit was sealed, over what is being
 * committed, over the store's view. Pure; at most one commit is under way.
 */
export class Overlay {
  readonly #view: OverlaidView;
  #current = new Map<string, Uint8Array | undefined>();
  #sealed: StoreBatch | undefined;
  #bytes = 0;
  /** What stood under the keys that were changed since `begin`, as they were then; undefined before the first. */
  #before: Map<string, Change | undefined> | undefined;

  constructor(view: OverlaidView) {
    this.#view = view;
  }

  /** That of the store. */
  get maxKeyBytes(): number {
    return this.#view.maxKeyBytes;
  }

  /** Bytes that wait to be sealed, keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Uint8Array | undefined {
    if (this.#current.has(key)) return this.#current.get(key);
    if (this.#sealed?.has(key) === true) return this.#sealed.get(key);
    return this.#view.get(key);
  }

  /** Whether the key is gone with what the store does not have yet. */
  removes(key: string): boolean {
    if (this.#current.has(key)) return this.#current.get(key) === undefined;
    return this.#sealed?.has(key) === true && this.#sealed.get(key) === undefined;
  }

  /** What stands from one key (inclusive) up to another with what the store does not have yet, in no order. It looks at all of that. */
  *putsWithin(from: string, to: string): Generator<StoreRecord> {
    const isWithin = (key: string): boolean => compareKeys(key, from) >= 0 && compareKeys(key, to) < 0;
    for (const [key, value] of this.#current) if (value !== undefined && isWithin(key)) yield { key, value };
    for (const [key, value] of this.#sealed ?? []) {
      if (value !== undefined && !this.#current.has(key) && isWithin(key)) yield { key, value };
    }
  }

  /** The bytes must not be changed afterwards. */
  put(key: string, value: Uint8Array): void {
    this.#set(key, value);
  }

  remove(key: string): void {
    this.#set(key, undefined);
  }

  /** What is changed from here on can be undone, until the next `begin` or `seal`. */
  begin(): void {
    this.#before = new Map();
  }

  /** Takes back what was changed since `begin`. */
  undo(): void {
    for (const [key, change] of this.#before ?? []) {
      this.#forget(key);
      if (change !== undefined) this.#set(key, change.value);
    }
    this.#before = new Map();
  }

  /** The batch of a commit, which is under way from now on. Empty when nothing changed. The last one must be committed. */
  seal(): StoreBatch {
    const batch = this.#current;
    this.#sealed = batch;
    this.#current = new Map();
    this.#bytes = 0;
    this.#before = undefined;
    return batch;
  }

  /** The sealed batch is durable: the view has it. */
  committed(): void {
    this.#sealed = undefined;
  }

  #set(key: string, value: Uint8Array | undefined): void {
    this.#remember(key);
    this.#forget(key);
    this.#current.set(key, value);
    this.#bytes += key.length + (value?.byteLength ?? 0);
  }

  #remember(key: string): void {
    if (this.#before === undefined || this.#before.has(key)) return;
    this.#before.set(key, this.#current.has(key) ? { value: this.#current.get(key) } : undefined);
  }

  #forget(key: string): void {
    if (!this.#current.has(key)) return;
    this.#bytes -= key.length + (this.#current.get(key)?.byteLength ?? 0);
    this.#current.delete(key);
  }
}

interface Change {
  readonly value: Uint8Array | undefined;
}
