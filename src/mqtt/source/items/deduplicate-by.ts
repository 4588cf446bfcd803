import type { Deduplication } from '../../../connector/source.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import type { ReceivedMessage } from '../received-message.js';

/**
 * What tells copies of a message: an id that its publisher gave it. Called once for each message, after `mapToItemFn`; what it throws is
 * handled by `onError`. `undefined`: this one is taken whatever came before. At most 512 bytes of UTF-8 and not empty.
 */
export type DeduplicationKeyFn<T> = (message: ReceivedMessage, item: T) => string | undefined;

/** How long and how many keys are known. */
export interface DeduplicationOptions {
  /** Milliseconds. Default 86400000, a day. */
  readonly ttlMs?: number | undefined;
  /** Default 1000000. Above it the oldest keys are forgotten. */
  readonly maxEntries?: number | undefined;
}

/**
 * `deduplicateBy` as one object. The function is a method, so that one over narrower items can be held: the builder's types have checked
 * it.
 */
export interface DeduplicateBy<T> extends DeduplicationOptions {
  /** See `DeduplicationKeyFn`. */
  keyFn(message: ReceivedMessage, item: T): string | undefined;
}

const DAY_MS = 86_400_000;
const DEFAULT_ENTRIES = 1_000_000;
const MAX_KEY_BYTES = 512;

/** With the defaults filled in. */
export const resolveDeduplication = ({ ttlMs, maxEntries }: DeduplicationOptions): Deduplication => ({
  ttlMs: ttlMs ?? DAY_MS,
  maxEntries: maxEntries ?? DEFAULT_ENTRIES,
});

/** As sentences for INVALID_OPTIONS. */
export const deduplicationProblems = (by: DeduplicateBy<unknown> | undefined): string[] => {
  if (by === undefined) return [];
  return typeof by.keyFn === 'function' ? [] : ['deduplicateBy needs a function'];
};

/**
 * @throws RangeError for what cannot be a key, MillraceError for a promise. An empty one is a field that is not there, not an id: it would
 * make all messages one.
 */
export const checkKey = (key: unknown): string | undefined => {
  if (key === undefined) return undefined;
  refusePromise(key);
  if (typeof key !== 'string') throw new RangeError(`the key must be a string or undefined, not ${typeof key}`);
  if (key === '') throw new RangeError('the key is empty: give undefined for a message without one');
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES)
    throw new RangeError(`the key has ${bytes} bytes; at most ${MAX_KEY_BYTES} are known again`);
  return key;
};
