import type { StageKeeper } from '../../stage-keeper.js';
import { IndexedTimers } from '../../timers/indexed-timers.js';
import { MemoryTimerIndex } from '../../timers/memory-timer-index.js';
import type { StageTimers } from '../../timers/stage-timers.js';
import { MemoryState } from './memory-state.js';

const timersInMemory = (): StageTimers => {
  const records = new Map();
  const remove = (key: unknown): void => void records.delete(key);
  return new IndexedTimers(
    { get: (key) => records.get(key), set: (key, timers) => void records.set(key, timers), remove },
    new MemoryTimerIndex(),
    0,
  );
};

/** For jobs without a guarantee. */
export const MEMORY_KEEPER: StageKeeper = {
  stateOf: (stage) => new MemoryState(stage),
  timersOf: timersInMemory,
  earlyTimersOf: timersInMemory,
};
