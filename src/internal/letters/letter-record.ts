import { isObject } from '../is-object.js';

/** A dead letter as a line of a file has it (`deadLetterRecord`). */
export interface LetterRecord {
  /** Of the failure, in milliseconds since 1970. */
  readonly timestampMs: number;
  /** `source x`, `sink x`, `stage x`. */
  readonly origin: string;
  readonly attempt: number | undefined;
  readonly error: { readonly code: string; readonly message: string };
  /** Of the message; undefined: it had none. */
  readonly topic: string | undefined;
  /** Of the message; undefined: it is a letter of something else. */
  readonly payload: Buffer | undefined;
  /** Of the message, as they stand there. */
  readonly properties: unknown;
}

/** Undefined for a line that is no letter. */
export const readLetterRecord = (line: Buffer): LetterRecord | undefined => {
  let record: unknown;
  try {
    record = JSON.parse(line.toString());
  } catch {
    return undefined;
  }
  if (!isObject(record) || !isObject(record.error)) return undefined;
  const { timestamp, origin, attempt, error, topic, payload, properties } = record;
  const timestampMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(timestampMs) || typeof origin !== 'string' || typeof error.code !== 'string') return undefined;
  return {
    timestampMs,
    origin,
    attempt: typeof attempt === 'number' ? attempt : undefined,
    error: { code: error.code, message: String(error.message) },
    topic: typeof topic === 'string' ? topic : undefined,
    payload: typeof payload === 'string' ? Buffer.from(payload, 'base64') : undefined,
    properties,
  };
};
