import type { MillraceError } from '../errors/millrace-error.js';
import type { Properties } from '../mqtt/protocol/properties.js';

/** An item that could not be processed, with all that is known of it. */
export interface DeadLetter {
  /** The MQTT topic, where there was one. */
  readonly topic: string | undefined;
  readonly payload: Uint8Array | undefined;
  /** The whole MQTT packet as it came, of a message that could not be read as one (MALFORMED_MESSAGE). */
  readonly raw?: Uint8Array | undefined;
  readonly properties: Properties | undefined;
  readonly error: MillraceError;
  /** How often it was tried, from 1. */
  readonly attempt: number;
  /** Milliseconds since the epoch, by the wall clock. */
  readonly timestampMs: number;
  /** The name of the source or sink that rejected it. */
  readonly origin: string;
}
