import { functionMistake } from '../../errors/function-mistake.js';
import type { StateKey } from '../stage-state.js';
import { END_OF_TIME } from '../time/time-source.js';
import type { ClockKind, StageClock } from './stage-clock.js';
import type { StageTimers } from './stage-timers.js';
import type { Timers } from './timers.js';

const MAX_NAME = 100;
/** 100 years. Farther ahead it was meant otherwise: as microseconds, mostly. */
export const FARTHEST_MS = 100 * 365.25 * 24 * 3600 * 1000;

/** What the functions of a stage see of time, one object for all calls. */
export class CallTimers implements Timers {
  /** That of the call; undefined between two calls. */
  key: StateKey | undefined;
  /** Those of early results, by the clock of the machine: of windows that tell them. */
  early: CallTimers | undefined;
  readonly #clock: StageClock;
  readonly #kind: ClockKind;
  /** Undefined where nothing would be done at a timer. */
  readonly #timers: StageTimers | undefined;
  /** Whether it sets timers at the end of time as well: it comes to an end by itself. */
  readonly #runsOut: boolean;

  constructor(clock: StageClock, kind: ClockKind, timers: StageTimers | undefined, runsOut = false) {
    this.#clock = clock;
    this.#kind = kind;
    this.#timers = timers;
    this.#runsOut = runsOut;
  }

  get now(): number {
    return this.#clock.now;
  }

  set(name: string, at: number): void {
    const { timers, key } = this.#open();
    checkName(name);
    const time = this.#checked(at);
    // one that sets itself again and again would never come to an end there
    if (this.#runsOut || this.#clock.now < END_OF_TIME) timers.set(key, name, time);
  }

  clear(name: string): void {
    const { timers, key } = this.#open();
    checkName(name);
    timers.clear(key, name);
  }

  /** Whether the key has a timer of that name. */
  isSet(name: string): boolean {
    const { timers, key } = this.#open();
    return timers.at(key, name) !== undefined;
  }

  #open(): { readonly timers: StageTimers; readonly key: StateKey } {
    const timers = this.#timers;
    if (timers === undefined)
      throw functionMistake('the stage has no onTimer', 'Give it among the options of the stage.');
    const { key } = this;
    if (key !== undefined) return { timers, key };
    throw functionMistake(
      'timers were used after the call that they were given to',
      'Set them before the function returns.',
    );
  }

  /** A timer is never early: what has a fraction is due with the next millisecond. */
  #checked(at: number): number {
    if (typeof at !== 'number' || !Number.isFinite(at))
      throw noTime(`${typeof at === 'number' ? at : typeof at}, which is no time`);
    if (at < 0 && this.#kind === 'processing') throw noTime(`${at}, which is before 1970`);
    if (at > Math.max(0, this.#clock.now) + FARTHEST_MS) throw noTime(`${at}, which is more than 100 years ahead`);
    return Math.ceil(at);
  }
}

const checkName = (name: string): void => {
  if (typeof name === 'string' && name !== '' && name.length <= MAX_NAME) return;
  throw functionMistake(
    'the name of a timer is no text of 1 to 100 characters',
    'Name timers by what they are for; the key has names of its own.',
  );
};

const noTime = (what: string): Error =>
  functionMistake(`a timer was set to ${what}`, 'Times are milliseconds since 1970, as `timers.now + 60_000`.');
