import type { MillraceError } from '../errors/millrace-error.js';

/** An item that could not be processed, with all that is known of it. */
export interface DeadLetter {
  /** The item as bytes, where it had any. */
  readonly payload: Uint8Array | undefined;
  /**
   * What else its source or sink knows of it, by names of their own, none of which is a name of this interface. It is stored as it is:
   * plain data. Those of MQTT have `topic`, `properties` and `raw`.
   */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Why: its code is what a reader of letters sorts by. */
  readonly error: MillraceError;
  /** How often it was tried, from 1. */
  readonly attempt: number;
  /** Milliseconds since the epoch, by the wall clock. */
  readonly timestampMs: number;
  /** The name of the source, stage or sink that rejected it. */
  readonly origin: string;
}
