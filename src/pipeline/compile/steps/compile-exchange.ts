import { MillraceError } from '../../../errors/millrace-error.js';
import { Arrival } from '../../time/arrival.js';
import type { Departure } from '../../time/departure.js';
import type { SenderWatermark } from '../../time/sender-watermark.js';
import type { RouteWork, Vertex } from '../../vertex.js';
import type { Cursor } from './cursor.js';

type Step = (item: unknown) => void;

export interface RouteStep {
  readonly vertex: Vertex;
  readonly work: RouteWork;
  readonly departure: Departure;
  readonly cursor: Cursor;
  readonly next: Step;
}

/** Sends an item to the partition of its key, with its time. */
export const compileRoute =
  ({ vertex, work, departure, cursor, next }: RouteStep): Step =>
  (item) => {
    cursor.stage = vertex;
    cursor.item = item;
    const partition = work.partitionOf(item);
    next(work.routed(partition, item, { timestamp: cursor.timestamp, watermark: departure.watermark }));
  };

export interface ArrivalStep {
  /** By the index of their partition. */
  readonly senders: readonly SenderWatermark[];
  readonly cursor: Cursor;
  readonly next: Step;
}

/** Takes what other partitions send: an item is as late here as it was there. */
export const compileArrival =
  ({ senders, cursor, next }: ArrivalStep): Step =>
  (arrived) => {
    if (!(arrived instanceof Arrival)) throw new MillraceError('INTERNAL', 'an item of an exchange has no time');
    const { from, timestamp, item } = arrived;
    senders[from]?.learn(arrived);
    if (timestamp === undefined) return;
    cursor.timestamp = timestamp;
    next(item);
  };
