import type { WindowOperation } from '../vertex.js';
import type { SidedItem } from '../windows/by-side.js';
import type { KeyedParts, KeyedSteps, Save } from './keyed-parts.js';

/** The steps of a stage with windows: their results have the key, and a timestamp that is in the window. */
export const windowSteps = (
  operation: WindowOperation,
  { state, calls, emit, cursor, late }: KeyedParts,
  save: Save,
): KeyedSteps => ({
  onItem: (key, item, side) => {
    const value = state.get(key) ?? operation.create();
    const taken = side === undefined ? item : ({ item, side } satisfies SidedItem);
    if (operation.accept(value, cursor.timestamp, taken, calls)) return save(key, value);
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
