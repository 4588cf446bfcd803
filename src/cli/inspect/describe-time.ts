import type { EventTimesState } from '../../pipeline/time/event-times.js';
import type { Pace } from '../../pipeline/time/time-source.js';
import { timeText } from './time-text.js';

/** How far event time has come in a place of the pipeline. */
export interface TimeReport {
  /** The stage that gives the timestamps, or `behind x` of a stage with timers, or `where x and y meet`. */
  readonly at: string;
  /** ISO 8601; undefined: no item has come yet. */
  readonly watermark: string | undefined;
  /** Whether more is expected there; undefined where that is not stored. */
  readonly pace: Pace | undefined;
}

/** What is stored of event time, in words. */
export const describeTime = (state: EventTimesState | undefined): readonly TimeReport[] => [
  ...(state?.sources ?? []).map(([at, { watermark, pace }]) => ({ at, watermark: reached(watermark), pace })),
  ...(state?.merged ?? []).map(([names, watermark]) => {
    return { at: placeOf(names), watermark: reached(watermark), pace: undefined };
  }),
];

const reached = (watermark: number): string | undefined =>
  watermark === Number.NEGATIVE_INFINITY ? undefined : timeText(watermark);

/** As `EventTimes` names them: a list of what they come from, one name, or the stage that they are behind. */
const placeOf = (names: string): string => {
  const parsed: unknown = JSON.parse(names);
  if (Array.isArray(parsed)) return `where ${parsed.join(' and ')} meet`;
  return typeof parsed === 'string' ? parsed : `behind ${Object(parsed).behind}`;
};
