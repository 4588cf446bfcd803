import { MillraceError } from '../../errors/millrace-error.js';
import type { StatefulStage, StateKey } from '../../pipeline/stage-state.js';
import type { TimerRecords } from '../../pipeline/timers/indexed-timers.js';
import type { KeyTimers } from '../../pipeline/timers/key-timers.js';
import { END } from '../../pipeline/windows/window-logic.js';
import type { WindowState } from '../../pipeline/windows/window-state.js';
import { nameKey } from '../layout/keys/named-keys.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeStage, encodeStage } from '../layout/values/stage-record.js';
import type { KeyedState } from './keyed-state.js';

/** In place of a version of the records that earlier versions had of timers: theirs is 0, and they refuse this one. */
const IN_STATES = 1;

/** What stands for the timers of a stage whose states have them. */
export const TIMERS_IN_STATES: Uint8Array = encodeStage({ versions: [IN_STATES], bundled: false });

export interface ArmedTimersOptions {
  /** One with windows. */
  readonly stage: StatefulStage;
  /** That of the stage. */
  readonly states: Pick<KeyedState, 'get'>;
  readonly overlay: Pick<Overlay, 'get'>;
}

/**
 * The timers of a stage with windows: a key has one, and its state says where.
 *
 * TM11. What has not changed since the last seal is where the state is armed (WS3), so nothing is stored besides. What has changed is kept here:
 *       a timer that has fired is gone before the state says so. One that is there is set anew to an earlier time alone: the
 *       index would keep the time before a later one, of which the state says nothing (TM4).
 */
export class ArmedTimers implements TimerRecords {
  readonly #states: Pick<KeyedState, 'get'>;
  readonly #overlay: Pick<Overlay, 'get'>;
  readonly #recordKey: string;
  /** Since the last seal. */
  readonly #changed = new Map<StateKey, KeyTimers | undefined>();
  /** The store says that states have the timers: a version that does not look there refuses it. */
  #noted: boolean;

  constructor({ stage, states, overlay }: ArmedTimersOptions) {
    this.#states = states;
    this.#overlay = overlay;
    this.#recordKey = nameKey('timer', stage.name);
    this.#noted = this.#isNoted();
  }

  get changed(): boolean {
    return this.#changed.size > 0;
  }

  /** In the state, and in the order of timers. */
  get changedBytes(): number {
    return 0;
  }

  get(key: StateKey): KeyTimers | undefined {
    if (this.#changed.has(key)) return this.#changed.get(key);
    // the stage has no other states
    const state = this.#states.get(key) as WindowState | undefined;
    if (state === undefined || Number.isNaN(state.armed)) return undefined;
    return { wake: state.armed, timers: [{ name: END, at: state.armed }] };
  }

  /** @throws MillraceError INTERNAL for what the state of a window could not say */
  set(key: StateKey, timers: KeyTimers): void {
    const { wake, timers: all } = timers;
    if (all.length !== 1 || all[0]?.at !== wake)
      throw new MillraceError('INTERNAL', 'TM11: a window has one timer, which is never set to a later time');
    this.#changed.set(key, timers);
  }

  remove(key: StateKey): void {
    this.#changed.set(key, undefined);
  }

  sealInto(overlay: Overlay): void {
    if (!this.changed) return;
    this.#changed.clear();
    if (this.#noted) return;
    overlay.put(this.#recordKey, TIMERS_IN_STATES);
    this.#noted = true;
  }

  /** Nothing has changed since the last seal: that is what `undo` goes back to. */
  begin(): void {}

  undo(): void {
    this.#changed.clear();
    this.#noted = this.#isNoted();
  }

  #isNoted(): boolean {
    return decodeStage(this.#overlay.get(this.#recordKey)).versions.includes(IN_STATES);
  }
}
