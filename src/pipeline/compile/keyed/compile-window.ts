import type { StateKey } from '../../stage-state.js';
import type { CallTimers } from '../../timers/call-timers.js';
import type { ClockKind } from '../../timers/stage-clock.js';
import type { WindowOperation } from '../../vertex.js';
import type { SidedItem } from '../../windows/by-side.js';
import type { KeyedWindowResult, WindowResult } from '../../windows/window-result.js';
import type { KeyedParts, KeyedSteps, Save } from './keyed-parts.js';

/** The steps of a stage with windows: an item is in those of its own time, or of the time at which it came. Results have the key. */
export const windowSteps = (
  { operation, clock }: { readonly operation: WindowOperation; readonly clock: ClockKind | undefined },
  { state, calls, emit, cursor, late }: KeyedParts,
  save: Save,
): KeyedSteps => ({
  onItem: (key, item, side) => {
    forKey(calls, key);
    const value = state.get(key) ?? operation.create();
    const taken = side === undefined ? item : ({ item, side } satisfies SidedItem);
    const time = clock === 'processing' ? Math.floor(calls.now) : cursor.timestamp;
    if (operation.accept(value, time, taken, calls)) return save(key, value);
    late(item);
  },
  onTimer: (key, timer) => {
    forKey(calls, key);
    const value = state.get(key) ?? operation.create();
    const results = operation.onTimer(value, timer, calls);
    save(key, value);
    if (results.length > 0) emit(operation.keyed ? results.map((result) => withKey(key, result)) : results);
  },
});

const withKey = (
  key: StateKey,
  { start, end, value, isEarly }: WindowResult<unknown>,
): KeyedWindowResult<StateKey, unknown> => ({ key, start, end, value, isEarly });

/** What is set from now on is set for this key. */
export const forKey = (calls: CallTimers, key: StateKey): void => {
  calls.key = key;
  if (calls.early !== undefined) calls.early.key = key;
};
