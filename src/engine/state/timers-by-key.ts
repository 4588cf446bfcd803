import type { StateKey } from '../../pipeline/stage-state.js';
import type { StateCodec } from '../../pipeline/state-codec.js';
import type { TimerRecords } from '../../pipeline/timers/indexed-timers.js';
import type { KeyTimers } from '../../pipeline/timers/key-timers.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import { KeyedState, type KeyedStateOptions } from './keyed-state.js';

/**
 * Replaced and never changed in place, so what stands in memory need not be copied. By their version those refuse the store that know no order of
 * timers in bundles: the bytes are the same.
 */
const CODEC: StateCodec<unknown> = {
  version: 1,
  encode: (timers) => encodeStored(timers),
  decode: decodeStored,
  upgrade: decodeStored,
};

/** A record for each key that has timers, kept as states are. */
export class TimersByKey implements TimerRecords {
  readonly #records: KeyedState;

  /** @throws MillraceError INVALID_OPTIONS for the stage's name, STORE_CORRUPT */
  constructor(options: KeyedStateOptions) {
    this.#records = new KeyedState({ ...options, stage: { name: options.stage.name, codec: CODEC, timed: true } });
  }

  get changed(): boolean {
    return this.#records.changed;
  }

  get changedBytes(): number {
    return this.#records.changedBytes;
  }

  get(key: StateKey): KeyTimers | undefined {
    // written by `set`, and its bytes are checked by the store
    return this.#records.get(key) as KeyTimers | undefined;
  }

  set(key: StateKey, timers: KeyTimers): void {
    this.#records.set(key, timers);
  }

  remove(key: StateKey): void {
    this.#records.remove(key);
  }

  sealInto(overlay: Overlay): void {
    this.#records.sealInto(overlay);
  }

  begin(): void {
    this.#records.begin();
  }

  undo(): void {
    this.#records.undo();
  }
}
