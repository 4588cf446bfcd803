import { corruptState } from '../../errors/corrupt-state.js';
import { MillraceError } from '../../errors/millrace-error.js';
import type { StateKey } from '../stage-state.js';
import { type KeyTimers, without, withTimer } from './key-timers.js';
import { type DueTimer, FORGET, type StageTimers } from './stage-timers.js';
import type { TimerIndex } from './timer-index.js';

/** All of them are one record, which is written when one of them changes. */
const MAX_NAMES = 100;

/** Where the timers of each key are. */
export interface TimerRecords {
  get(key: StateKey): KeyTimers | undefined;
  set(key: StateKey, timers: KeyTimers): void;
  remove(key: StateKey): void;
}

/**
 * Timers as a record for each key, and an index of the keys by time. One that is set to a later time, as by each item of a silence alarm,
 * leaves the index alone: the key is looked at when the earlier time has come, and moved to where it belongs then.
 *
 * TM4. A key that has timers is in the index once, at `wake` of its record, and none of its timers is due before that.
 */
export class IndexedTimers implements StageTimers {
  /** Kept by who stores it. */
  pending: number;
  readonly #records: TimerRecords;
  readonly #index: TimerIndex;

  constructor(records: TimerRecords, index: TimerIndex, pending: number) {
    this.#records = records;
    this.#index = index;
    this.pending = pending;
  }

  at(key: StateKey, name: string): number | undefined {
    return this.#records.get(key)?.timers.find((timer) => timer.name === name)?.at;
  }

  lastAt(key: StateKey): number | undefined {
    return this.#records.get(key)?.timers.findLast(({ name }) => name !== FORGET)?.at;
  }

  /** @throws MillraceError USER_FUNCTION_FAILED for too many names */
  set(key: StateKey, name: string, at: number): void {
    const was = this.#records.get(key);
    const others = without(was?.timers ?? [], name);
    const isNew = others.length === (was?.timers.length ?? 0);
    if (!isNew && this.at(key, name) === at) return;
    if (isNew && name !== FORGET && others.length >= MAX_NAMES) throw tooMany();
    this.#put(key, was, withTimer(others, { name, at }));
    if (isNew && name !== FORGET) this.pending += 1;
  }

  clear(key: StateKey, name: string): void {
    const was = this.#records.get(key);
    if (was === undefined) return;
    const others = without(was.timers, name);
    if (others.length === was.timers.length) return;
    if (name !== FORGET) this.pending -= 1;
    const [next] = others;
    // where it was the one that the index stands for, those behind it must not be taken for later than what is due
    const isFirst = was.timers[0]?.name === name && was.timers[0].at === was.wake;
    this.#change(key, was, next && { wake: isFirst ? next.at : was.wake, timers: others });
  }

  restorer(key: StateKey): () => void {
    const was = this.#records.get(key);
    return () => {
      const is = this.#records.get(key);
      this.pending += countOf(was) - countOf(is);
      this.#change(key, is, was);
    };
  }

  due(now: number, most: number): readonly DueTimer[] {
    const due: DueTimer[] = [];
    for (const { at: wake, key } of this.#index.first(most)) {
      if (wake > now) break;
      const was = this.#records.get(key);
      const first = was?.timers[0];
      if (first === undefined || was?.wake !== wake)
        throw corruptState('a key is in the order of timers, and has none then');
      if (first.at > wake) this.#change(key, was, { wake: first.at, timers: was.timers });
      else due.push({ key, name: first.name, at: first.at });
    }
    return due;
  }

  isFirst({ key, name, at }: DueTimer): boolean {
    const next = this.#index.peek();
    if (next?.at !== at || next.key !== key) return false;
    const first = this.#records.get(key)?.timers[0];
    return first?.name === name && first.at === at;
  }

  nextAt(): number {
    return this.#index.peek()?.at ?? Number.POSITIVE_INFINITY;
  }

  #put(key: StateKey, was: KeyTimers | undefined, timers: KeyTimers['timers']): void {
    const first = timers[0]?.at ?? Number.POSITIVE_INFINITY;
    this.#change(key, was, { wake: Math.min(was?.wake ?? first, first), timers });
  }

  #change(key: StateKey, was: KeyTimers | undefined, is: KeyTimers | undefined): void {
    if (was?.wake !== is?.wake) {
      if (was !== undefined) this.#index.remove(was.wake, key);
      if (is !== undefined) this.#index.put(is.wake, key);
    }
    if (is !== undefined) this.#records.set(key, is);
    else if (was !== undefined) this.#records.remove(key);
  }
}

const countOf = (timers: KeyTimers | undefined): number =>
  timers === undefined ? 0 : without(timers.timers, FORGET).length;

const tooMany = (): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', `it set more than ${MAX_NAMES} timers of one key`, {
    advice:
      'Use fewer names: a key has one timer of each. What is due later can be kept in the state, with one timer for the next.',
  });
