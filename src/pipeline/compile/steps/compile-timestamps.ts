import { MillraceError } from '../../../errors/millrace-error.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import type { SourceWatermark } from '../../time/source-watermark.js';
import type { TimestampsWork, Vertex } from '../../vertex.js';
import type { Cursor } from './cursor.js';

/** That of `Date`. */
const LATEST_MS = 8.64e15;

export interface TimestampsStep {
  readonly vertex: Vertex;
  readonly work: TimestampsWork;
  /** Of the stage. */
  readonly watermark: SourceWatermark;
  readonly cursor: Cursor;
  readonly next: (item: unknown) => void;
}

/** The step that gives an item its time, and moves the watermark by it: not beyond the item, so none is late by itself. */
export const compileTimestamps = (step: TimestampsStep): ((item: unknown) => void) => {
  const { watermark, cursor, next } = step;
  const timestampOf = step.work.timestampOf === undefined ? () => ingestionTime(step) : givenTime(step);
  return (item) => {
    const timestamp = timestampOf(item);
    watermark.observe(timestamp);
    cursor.timestamp = timestamp;
    next(item);
  };
};

/** A clock that was put back stands still here until it is as late again. */
const ingestionTime = ({ watermark, cursor }: TimestampsStep): number =>
  Math.max(watermark.watermark, Math.floor(cursor.times.polledAtMs));

const givenTime = ({ vertex, work, cursor }: TimestampsStep): ((item: unknown) => number) => {
  return (item) => {
    cursor.stage = vertex;
    cursor.item = item;
    const timestamp = checkTimestamp(work.timestampOf?.(item));
    const ahead = timestamp - cursor.times.polledAtMs;
    if (ahead > work.maxFutureMs) throw tooFarAhead(ahead);
    return timestamp;
  };
};

/** Fractions are cut off. */
const checkTimestamp = (timestamp: unknown): number => {
  if (typeof timestamp === 'number' && Math.abs(timestamp) <= LATEST_MS) return Math.floor(timestamp);
  refusePromise(timestamp, 'timestampFn');
  throw new MillraceError('USER_FUNCTION_FAILED', `it returned ${nameOf(timestamp)}, which is no timestamp`, {
    advice:
      'A timestamp is a number of milliseconds since 1970. Give items that have none up by `onError` of withTimestamps, or filter them out of the source.',
  });
};

const nameOf = (timestamp: unknown): string => {
  if (timestamp === undefined || timestamp === null || typeof timestamp === 'number') return String(timestamp);
  return timestamp instanceof Date ? 'a Date' : `a value of type ${typeof timestamp}`;
};

const tooFarAhead = (ahead: number): MillraceError =>
  new MillraceError(
    'USER_FUNCTION_FAILED',
    `it returned a timestamp that is ${ahead} ms ahead of the clock of this machine`,
    {
      advice:
        'It would make the items of all others late. Look at the clock of the device and at the unit (milliseconds); give such items up by `onError` of withTimestamps, or raise its maxFutureMs.',
    },
  );
