import type { DeadLetter } from './dead-letter.js';
import type { Sink } from './open-sink.js';

/** What happens to an item that cannot be processed: the job fails (default), it is counted and skipped, or it goes to a dead-letter sink before its input is acknowledged. */
export type OnError = 'fail' | 'skip' | { readonly deadLetter: Sink<DeadLetter> };

/** Whether a value from JavaScript is one. */
export const isOnError = (value: OnError): boolean =>
  value === 'fail' || value === 'skip' || (typeof value === 'object' && typeof value?.deadLetter === 'object');
