import { WindowDefinition } from '../../../src/pipeline/windows/window-definition.js';
import { SeededRandom } from '../seeded-random.js';

/** What a job does because of time, besides what its kind says: windows by the time of the messages, timers by the clock. */
export interface SimTime {
  readonly window: { readonly size: number; readonly slide: number } | { readonly timeout: number };
  readonly allowedLagMs: number;
  /** Of the times of two messages of a topic that follow each other. */
  readonly stepMs: number;
  /** By so much a message may be earlier than that. */
  readonly disorderMs: number;
  /** Of the first of the timers of a key; the others have more. */
  readonly delayMs: number;
}

const TIMED_CHANCE = 0.4;

/** Apart from the rest of a plan, so that this takes nothing from what follows it there. Undefined: nothing happens because of time. */
export function simTime(seed: number): SimTime | undefined {
  const random = new SeededRandom(seed + 9_000_000);
  if (!random.chance(TIMED_CHANCE)) return undefined;
  return {
    window: random.pick([
      { size: 100, slide: 100 },
      { size: 150, slide: 50 },
      { size: 60, slide: 20 },
      { timeout: 60 },
    ]),
    allowedLagMs: random.pick([0, 30, 100]),
    stepMs: random.pick([10, 40, 120]),
    disorderMs: random.pick([0, 50, 250]),
    delayMs: random.pick([1, 20, 300, 5000]),
  };
}

export const windowsOf = ({ window }: SimTime): WindowDefinition =>
  'timeout' in window ? WindowDefinition.session(window.timeout) : WindowDefinition.sliding(window.size, window.slide);

/** Of the n-th message of a topic: the same whenever it is asked for. */
export const timestampOf = ({ stepMs, disorderMs }: SimTime, topic: string, n: number): number => {
  // some are before 1970
  const random = new SeededRandom(1000 * n + topic.length + topic.charCodeAt(topic.length - 1));
  return n * stepMs - 100 - random.below(disorderMs + 1);
};

/** A message waits for one of so many timers of its key. */
const NAMES = 3;

export const timerNameOf = (n: number): string => `t${n % NAMES}`;

export const delayOf = ({ delayMs }: SimTime, n: number): number => delayMs * (1 + (n % NAMES));

/** Topics of what comes out because of time. */
export const WINDOWS = 'window/';
export const LATE = 'late/';
export const TIMERS = 'timer/';

/** Whether it came out because of time. */
export const isTimed = ({ topic }: { readonly topic: string }): boolean =>
  [WINDOWS, LATE, TIMERS].some((prefix) => topic.startsWith(prefix));
