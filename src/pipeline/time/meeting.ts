import type { TimeSource } from './time-source.js';

/** One of several streams that meet, and whose time may hold back that of the others. */
export interface MeetingStream {
  /** Where its time is made: the stage that gives the timestamps, or in which items wait. */
  readonly stage: string;
  /** The partition from which it comes, where it is one of those that other partitions send. */
  readonly from?: number;
  readonly time: TimeSource;
}

/** All streams that meet at one place. */
export type Meeting = readonly MeetingStream[];
