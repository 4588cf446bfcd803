import type { Pace } from './time-source.js';

/** What comes from another partition: an item with its time, or how far the time has come there. */
export class Arrival {
  /** The partition that sends. */
  readonly from: number;
  /** That of its stream when the item went, or now. */
  readonly watermark: number;
  /** Of its stream. */
  readonly pace: Pace;
  /** Undefined: it is no item. */
  readonly timestamp: number | undefined;
  readonly item: unknown;

  constructor({ from, watermark, pace, timestamp, item }: Omit<Arrival, never>) {
    this.from = from;
    this.watermark = watermark;
    this.pace = pace;
    this.timestamp = timestamp;
    this.item = item;
  }
}
