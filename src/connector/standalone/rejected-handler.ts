import type { DeadLetter } from '../dead-letter.js';

/** What becomes of rejected items where there is no engine. */
export interface RejectedHandler {
  /** Resolves when the letters are dealt with: counted, or delivered to the dead-letter sink. Rejects when that fails. */
  handle(letters: readonly DeadLetter[]): Promise<void>;
  /** Closes the dead-letter sink, where there is one; what it was given is delivered before. */
  close(): Promise<void>;
}
