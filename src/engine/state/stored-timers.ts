import { IndexedTimers } from '../../pipeline/timers/indexed-timers.js';
import type { StageTimers } from '../../pipeline/timers/stage-timers.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import type { CommitPart } from '../tick/commit-part.js';
import { ArmedTimers } from './armed-timers.js';
import type { KeyedState, KeyedStateOptions } from './keyed-state.js';
import type { BundleLimits } from './state-bundles.js';
import { StoredTimerIndex } from './stored-timer-index.js';
import { TimersByKey } from './timers-by-key.js';

export interface StoredTimersOptions extends KeyedStateOptions {
  /** `early`: those by which windows tell early results, which go by another clock. */
  readonly kind: 'timer' | 'early';
  /** That of the stage. */
  readonly states: Pick<KeyedState, 'get'>;
  /** Of the index. */
  readonly dueBundles: BundleLimits;
}

/**
 * The timers of one stage over the store of its job: for each key what is set, and an index by time.
 *
 * TM8. Records, index and their number change in one commit, that of what changed them.
 */
export class StoredTimers implements CommitPart {
  readonly #timers: IndexedTimers;
  readonly #records: TimersByKey | ArmedTimers;
  readonly #index: StoredTimerIndex;
  readonly #countKey: string;
  #storedPending: number;
  #saved = { pending: 0, storedPending: 0 };

  /** @throws MillraceError INVALID_OPTIONS for the stage's name, STORE_CORRUPT */
  constructor(options: StoredTimersOptions) {
    const { kind, stage, overlay, store, states } = options;
    const index = kind === 'timer' ? 'due' : 'early-due';
    // those of early results go by a clock of which states know nothing
    const isArmed = kind === 'timer' && stage.windows !== undefined;
    this.#records = isArmed ? new ArmedTimers({ stage, states, overlay }) : new TimersByKey(options);
    const owner = `the order of timers of stage "${stage.name}"`;
    const prefix = namePrefix(index, stage.name);
    this.#index = new StoredTimerIndex({ prefix, owner, overlay, store, bundles: options.dueBundles });
    this.#countKey = nameKey(index, stage.name);
    this.#storedPending = readCount(overlay.get(this.#countKey));
    this.#timers = new IndexedTimers(this.#records, this.#index, this.#storedPending);
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
    this.#index.sealInto(overlay);
    const { pending } = this.#timers;
    if (pending === this.#storedPending) return;
    overlay.put(this.#countKey, encodeStored(pending));
    this.#storedPending = pending;
  }

  begin(): void {
    this.#records.begin();
    this.#index.begin();
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
