import type { StateCodec } from '../../pipeline/state-codec.js';
import { IndexedTimers } from '../../pipeline/timers/indexed-timers.js';
import type { KeyTimers } from '../../pipeline/timers/key-timers.js';
import type { StageTimers } from '../../pipeline/timers/stage-timers.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import type { CommitPart } from '../tick/commit-part.js';
import { KeyedState, type KeyedStateOptions } from './keyed-state.js';
import { StoredTimerIndex } from './stored-timer-index.js';

/** Replaced and never changed in place, so what stands in memory need not be copied. */
const CODEC: StateCodec<unknown> = { version: 0, encode: (timers) => encodeStored(timers), decode: decodeStored };

export interface StoredTimersOptions extends KeyedStateOptions {
  /** `early`: those by which windows tell early results, which go by another clock. */
  readonly kind: 'timer' | 'early';
}

/**
 * The timers of one stage over the store of its job: for each key a record of what is set, kept as states are, and an index by time.
 *
 * TM8. Records, index and their number change in one commit, that of what changed them.
 */
export class StoredTimers implements CommitPart {
  readonly #timers: IndexedTimers;
  readonly #records: KeyedState;
  readonly #index: StoredTimerIndex;
  readonly #countKey: string;
  #storedPending: number;
  #saved = { pending: 0, storedPending: 0 };

  /** @throws MillraceError INVALID_OPTIONS for the stage's name, STORE_CORRUPT */
  constructor(options: StoredTimersOptions) {
    const { kind, stage, overlay, store } = options;
    const index = kind === 'timer' ? 'due' : 'early-due';
    this.#records = new KeyedState({ ...options, stage: { name: stage.name, codec: CODEC, timed: true } });
    this.#index = new StoredTimerIndex({ prefix: namePrefix(index, stage.name), overlay, store });
    this.#countKey = nameKey(index, stage.name);
    this.#storedPending = readCount(overlay.get(this.#countKey));
    const records = this.#records;
    const entries = {
      // written by `set`, and its bytes are checked by the store
      get: (key: Parameters<KeyedState['get']>[0]) => records.get(key) as KeyTimers | undefined,
      set: (key: Parameters<KeyedState['get']>[0], timers: KeyTimers) => records.set(key, timers),
      remove: (key: Parameters<KeyedState['get']>[0]) => records.remove(key),
    };
    this.#timers = new IndexedTimers(entries, this.#index, this.#storedPending);
  }

  /** For the pipeline. */
  get timers(): StageTimers {
    return this.#timers;
  }

  get changed(): boolean {
    return this.#records.changed || this.#index.changedBytes > 0;
  }

  get changedBytes(): number {
    return this.#records.changedBytes + this.#index.changedBytes;
  }

  sealInto(overlay: Overlay): void {
    this.#records.sealInto(overlay);
    this.#index.sealed();
    const { pending } = this.#timers;
    if (pending === this.#storedPending) return;
    overlay.put(this.#countKey, encodeStored(pending));
    this.#storedPending = pending;
  }

  begin(): void {
    this.#records.begin();
    this.#saved = { pending: this.#timers.pending, storedPending: this.#storedPending };
  }

  undo(): void {
    this.#records.undo();
    this.#index.undo();
    this.#timers.pending = this.#saved.pending;
    this.#storedPending = this.#saved.storedPending;
  }

  /** The overlay has had the bytes since the seal. */
  committed(): void {}
}

/** Written by `sealInto`, and its bytes are checked by the store. */
const readCount = (bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : (decodeStored(bytes) as number);
