/** Where a record stands in its log, and what the next one must follow. */
export interface LogPoint {
  readonly seq: number;
  /** Whose it is: each opening of a partition has a higher one. */
  readonly epoch: number;
  /** Counts the records of an epoch: 0 is the fence, with which it begins. */
  readonly number: number;
  /** The record's checksum. */
  readonly crc: number;
  /** Of all records up to this one, whether they are still there or not. */
  readonly bytes: number;
}

/** Before the first record. */
export const LOG_START: LogPoint = { seq: 0, epoch: 0, number: 0, crc: 0, bytes: 0 };

/** Whether what was read back can be one. */
export const isLogPoint = (point: unknown): point is LogPoint =>
  Object.keys(LOG_START).every((name) => Number.isSafeInteger(Object(point)[name]));
