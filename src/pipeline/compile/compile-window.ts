import type { ClockKind } from '../timers/stage-clock.js';
import type { WindowOperation } from '../vertex.js';
import type { SidedItem } from '../windows/by-side.js';
import type { KeyedParts, KeyedSteps, Save } from './keyed-parts.js';

/** The steps of a stage with windows: an item is in those of its own time, or of the time at which it came. Results have the key. */
export const windowSteps = (
  { operation, clock }: { readonly operation: WindowOperation; readonly clock: ClockKind | undefined },
  { state, calls, emit, cursor, late }: KeyedParts,
  save: Save,
): KeyedSteps => ({
  onItem: (key, item, side) => {
    const value = state.get(key) ?? operation.create();
    const taken = side === undefined ? item : ({ item, side } satisfies SidedItem);
    const time = clock === 'processing' ? Math.floor(calls.now) : cursor.timestamp;
    if (operation.accept(value, time, taken, calls)) return save(key, value);
    cursor.late += 1;
    late(item);
  },
  onTimer: (key, timer) => {
    const value = state.get(key) ?? operation.create();
    const results = operation.onTimer(value, timer, calls);
    save(key, value);
    if (results.length > 0) emit(operation.keyed ? results.map((result) => ({ key, ...result })) : results);
  },
});
