import { MillraceError } from '../../errors/millrace-error.js';
import type { StateKey } from '../../pipeline/stage-state.js';
import type { DueTimer } from '../../pipeline/timers/stage-timers.js';
import type { FiringStage, Frame } from './lanes/frame.js';

/** At which input a function failed. */
export interface FailedAt {
  /** That has the input. */
  readonly frame: Frame;
  /** Index of the input in its frame. */
  readonly origin: number;
}

/** The error of a job whose user function threw, or whose promise was rejected, at one item. */
export const userFunctionFailure = (stage: string, cause: unknown, at: FailedAt): MillraceError =>
  failureAt(stage, cause, { ...at, advice: ADVICE[inputOf(at)].failed });

/** The same where the item is given up, and the job goes on: the error of its letter. */
export const rejectedByStage = (stage: string, cause: unknown, at: FailedAt): MillraceError =>
  failureAt(stage, cause, { ...at, advice: ADVICE[inputOf(at)].givenUp });

const ADVICE = {
  item: {
    failed:
      'Catch the exception in the function, filter such items out before it, or give the stage onError; the item was not acknowledged.',
    givenUp: 'The item was given up, as onError of the stage says.',
  },
  timer: {
    failed:
      'Catch the exception in the function, or give the stage onError, by which such a timer is given up. With a store it is tried again at the next start.',
    givenUp: 'The timer was given up, as onError of the stage says.',
  },
  window: {
    failed:
      'Catch the exception in the functions of the aggregate, and of the stages behind it, or give the stage onError, by which such a window is given up. With a store the window is kept, and told at the next start.',
    givenUp: 'The window was given up, as onError of the stage says.',
  },
  early: {
    failed:
      'Catch the exception in the functions of the aggregate, and of the stages behind it, or give the stage onError, by which such early results are given up. With a store the window is kept, and they are tried again at the next start.',
    givenUp: 'The early results were given up, as onError of the stage says. The window goes on.',
  },
} as const;

const inputOf = ({ frame: { timers, fires } }: FailedAt): keyof typeof ADVICE => {
  if (timers === undefined) return 'item';
  if (fires === undefined || fires.fires === 'timers') return 'timer';
  return fires.early ? 'early' : 'window';
};

const failureAt = (stage: string, cause: unknown, { frame, origin, advice }: FailedAt & { advice: string }) => {
  const { message: text } = MillraceError.from(cause);
  const own = cause instanceof MillraceError ? cause : undefined;
  const { where, details } = placeOf({ frame, origin });
  return new MillraceError('USER_FUNCTION_FAILED', `the function of stage "${stage}" failed at ${where}: ${text}`, {
    cause,
    advice: own?.advice ?? advice,
    details: {
      ...own?.details,
      stage,
      ...details,
      ...(own === undefined ? {} : { cause: own.code }),
    },
  });
};

const placeOf = ({ frame, origin }: FailedAt) => {
  const { source, last, timers, fires } = frame;
  if (timers !== undefined) {
    const timer = timers[origin];
    if (timer === undefined || fires === undefined) {
      return { where: `a timer of stage "${source}", due by ${last}`, details: { timerOf: source, upTo: last } };
    }
    return placeOfTimer(fires, timer);
  }
  const position = frame.positionOf(origin);
  return position === undefined
    ? { where: `position up to ${last} of source "${source}"`, details: { source, upTo: last } }
    : { where: `position ${position} of source "${source}"`, details: { source, position } };
};

const placeOfTimer = ({ name: stage, fires, early }: FiringStage, { key, name, at }: DueTimer) => {
  const keyed = fires === 'keyless windows' ? {} : { key: shownKey(key) };
  const of = keyed.key === undefined ? '' : ` of key ${JSON.stringify(keyed.key)}`;
  const due = `in stage "${stage}"`;
  const details = { timer: name, timerOf: stage, ...keyed, at };
  if (fires === 'timers') return { where: `the timer "${name}"${of} ${due}, due at ${at}`, details };
  if (early) return { where: `the early results${of} ${due}, due at ${at}`, details };
  return { where: `the window${of} ${due} that has ended by ${at}`, details };
};

const LONGEST_KEY = 200;

/** An error is stored, and sent on as JSON. */
const shownKey = (key: StateKey): string | number | boolean => {
  if (typeof key === 'bigint') return `${key}`;
  return typeof key === 'string' && key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
};
