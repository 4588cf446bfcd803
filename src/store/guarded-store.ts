import { MillraceError } from '../errors/index.js';
import { attempt, contractBroken, type Door, owedPromise, requireMethods, shown } from '../internal/door/door.js';
import { openGuarded } from '../internal/door/open-guarded.js';
import { isThenable } from '../internal/refuse-promise.js';
import { compareKeys } from './compare-keys.js';
import type { Store, StoreBatch, StoreRecord } from './store.js';

/** `maxCommitBytes`, `maxKeyBytes`, and `renew` and `lost`, which may be absent, are looked at by themselves. */
const METHODS = ['get', 'range', 'commit', 'close'];

/**
 * The door between a store and its job: a few comparisons for each call and record. What breaks a rule of `Store` is an error that
 * names the store and the rule, before anything is made of it.
 */
class GuardedStore implements Store {
  readonly maxCommitBytes: number;
  readonly maxKeyBytes: number;
  readonly renew?: () => Promise<void>;
  readonly lost: Promise<MillraceError> | undefined;
  readonly #door: Door;
  readonly #store: Store;

  constructor(door: Door, store: Store) {
    this.maxCommitBytes = store.maxCommitBytes;
    this.maxKeyBytes = store.maxKeyBytes;
    this.#door = door;
    this.#store = store;
    this.lost = store.lost?.then((error) => MillraceError.from(error, 'STORE_FENCED'));
    if (store.renew !== undefined) this.renew = () => owedPromise(door, 'renew', () => store.renew?.());
  }

  get(key: string): Uint8Array | undefined {
    const value = attempt(this.#door, () => this.#store.get(key));
    if (value === undefined || value instanceof Uint8Array) return value;
    throw contractBroken(this.#door, 'get-value', `get gave ${shown(value)}`);
  }

  /** A record too few or twice would be state, or a message, too few or twice: what is out of its place is refused. */
  *range(from: string, to: string): Generator<StoreRecord, void, void> {
    let before: string | undefined;
    for (const record of attempt(this.#door, () => this.#store.range(from, to))) {
      const { key, value } = record;
      if (typeof key !== 'string' || !(value instanceof Uint8Array)) {
        throw contractBroken(this.#door, 'range-record', `range gave ${shown(value)} for a value`);
      }
      const isAbove = before === undefined ? compareKeys(key, from) >= 0 : compareKeys(key, before) > 0;
      if (!isAbove || compareKeys(key, to) >= 0) {
        throw contractBroken(this.#door, 'range-order', 'range gave a key out of its order, or outside of the range');
      }
      before = key;
      yield record;
    }
  }

  commit(batch: StoreBatch): Promise<void> {
    return owedPromise(this.#door, 'commit', () => this.#store.commit(batch));
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

/** Two names of 500 bytes, and what stands around them. */
const LEAST_KEY_BYTES = 1_100;

/**
 * Opens a store and guards it. It rejects with CONTRACT_BROKEN when that gives no `Store`, or one that does not say what commits and keys
 * may have.
 */
export function openStore(job: string, open: () => PromiseLike<Store>): Promise<Store> {
  const door: Door = { contract: 'Store', owner: `the store of job "${job}"`, thrown: 'STORAGE_FAILED' };
  return openGuarded(door, open, (store) => {
    requireMethods(door, store, METHODS);
    const { maxCommitBytes, maxKeyBytes } = store;
    if (!(Number.isSafeInteger(maxCommitBytes) && maxCommitBytes > 0)) {
      throw contractBroken(door, 'max-commit-bytes', `maxCommitBytes is ${shown(maxCommitBytes)}`);
    }
    if (!(Number.isSafeInteger(maxKeyBytes) && maxKeyBytes >= LEAST_KEY_BYTES)) {
      throw contractBroken(door, 'max-key-bytes', `maxKeyBytes is ${shown(maxKeyBytes)}`);
    }
    // absent says that nobody can take it over: what is no function must not pass for either
    if (store.renew !== undefined) requireMethods(door, store, ['renew']);
    if (store.lost !== undefined && !isThenable(store.lost)) {
      throw contractBroken(door, 'lost', `lost is ${shown(store.lost)}`);
    }
    return new GuardedStore(door, store);
  });
}
