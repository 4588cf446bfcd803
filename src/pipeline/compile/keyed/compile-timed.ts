import type { StateKey } from '../../stage-state.js';
import { END_OF_TIME } from '../../time/time-source.js';
import { type DueTimer, FORGET } from '../../timers/stage-timers.js';
import type { StatefulWork } from '../../vertex.js';
import { compileStateful, forgets } from './compile-stateful.js';
import type { KeyedParts, KeyedStep, TimedParts } from './keyed-parts.js';
import { putWithin } from './put-state.js';

/** A key is forgotten so much later at most, as a part of `forgetAfter`: so its items need not move the timer each time. */
const SLACK = 8;

/** What a stage with state is compiled to. */
export interface StatefulSteps {
  readonly onItem: KeyedStep;
  /** Fires a timer, if it is the first one still. */
  readonly onDue: (timer: DueTimer) => void;
}

/** A stage without timers pays for none. */
export const compileUntimed = (work: StatefulWork, parts: KeyedParts): KeyedStep => {
  const { state } = parts;
  const put = putWithin(state, work.maxKeys);
  return compileStateful(work, parts, (key, value) => {
    if (forgets(work, value)) state.remove(key);
    else put(key, value);
  }).onItem;
};

/**
 * TM5. A timer that fires is taken from those that are set first, past what an input can take back: one whose call fails and is given up does
 *      not fire again.
 * TM6. `forgetAfter` forgets no key that has another timer set: it waits for that one.
 */
export const compileTimed = (
  work: StatefulWork,
  parts: KeyedParts,
  { clock, timers, due }: TimedParts,
): StatefulSteps => {
  const { state, calls } = parts;
  const put = putWithin(state, work.maxKeys);
  const forgetAfter = work.timed?.forgetAfter;
  const touch = (key: StateKey): void => {
    // of an event clock nothing is known before the first items, and nothing comes behind the last
    if (forgetAfter === undefined || clock.now === Number.NEGATIVE_INFINITY || clock.now === END_OF_TIME) return;
    const soonest = clock.now + forgetAfter;
    const at = timers.at(key, FORGET);
    if (at === undefined || at < soonest) timers.set(key, FORGET, Math.ceil(soonest + forgetAfter / SLACK));
  };
  /** False for a key that is forgotten. */
  const keep = (key: StateKey, value: unknown): boolean => {
    calls.key = undefined;
    const keeps = !forgets(work, value);
    if (keeps) put(key, value);
    else {
      state.remove(key);
      timers.clear(key, FORGET);
    }
    return keeps;
  };
  const items = compileStateful(work, parts, (key, value) => {
    if (keep(key, value)) touch(key);
  });
  const fired = compileStateful(work, parts, (key, value) => {
    if (keep(key, value) && timers.at(key, FORGET) === undefined) touch(key);
  });
  const forget = (key: StateKey): void => {
    const last = timers.lastAt(key);
    if (last === undefined) state.remove(key);
    else timers.set(key, FORGET, last + 1);
  };
  return {
    onItem: (key, item, side) => {
      calls.key = key;
      items.onItem(key, item, side);
    },
    onDue: (timer) => {
      if (!due.isFirst(timer)) return;
      const { key, name, at } = timer;
      due.clear(key, name);
      if (name === FORGET) {
        forget(key);
        return;
      }
      calls.key = key;
      fired.onTimer(key, { name, at });
    },
  };
};
