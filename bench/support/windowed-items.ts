import type { ContenderTask, WindowTask } from './contender.js';
import { scatteredKey } from './keyed-pipeline.js';

const BEGIN_MS = 1_700_000_000_000;

/** What a program with windows knows of a number. */
export interface WindowedItems {
  readonly windows: WindowTask;
  readonly keyOf: (number: number) => string;
  /** The time goes on steadily, so that a key has an item each `everyMs` on average. */
  readonly timeOf: (number: number) => number;
}

/** As the task says. */
export function windowedItems({ keys = 1, windows = MINUTE }: ContenderTask): WindowedItems {
  const { everyMs } = windows;
  return {
    windows,
    keyOf: scatteredKey(keys),
    timeOf: (number) => BEGIN_MS + Math.floor((number * everyMs) / keys),
  };
}

const MINUTE: WindowTask = { sizeMs: 60_000, slideMs: 60_000, everyMs: 2_000 };

/** What is averaged. */
export const degreesOf = (number: number): number => ((number * 7919) % 1000) / 10;
