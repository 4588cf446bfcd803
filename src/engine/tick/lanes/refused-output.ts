import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { RejectionPolicy } from './rejection-policy.js';

/** What a destination refused for good, and what is done about it. */
export interface RefusedOutput {
  /** That of its sink. */
  readonly rejection: RejectionPolicy;
  /** Belongs into the commit that says that it was refused. */
  readonly letter: DeadLetter;
}
