import type { StageKeeper } from '../stage-keeper.js';
import { HeapTimerIndex } from '../timers/heap-timer-index.js';
import { IndexedTimers } from '../timers/indexed-timers.js';
import type { StageTimers } from '../timers/stage-timers.js';
import { MemoryState } from './memory-state.js';

const timersInMemory = (): StageTimers => {
  const records = new Map();
  const remove = (key: unknown): void => void records.delete(key);
  return new IndexedTimers(
    { get: (key) => records.get(key), set: (key, timers) => void records.set(key, timers), remove },
    new HeapTimerIndex(),
    0,
  );
};

/** For jobs without a guarantee. */
export const MEMORY_KEEPER: StageKeeper = {
  stateOf: (stage) => new MemoryState(stage),
  timersOf: timersInMemory,
  earlyTimersOf: timersInMemory,
};
