import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { Rejection } from './rejection.js';

/** What a destination refused for good, and what is done about it. */
export interface RefusedOutput {
  /** That of its sink. */
  readonly rejection: Rejection;
  /** Belongs into the commit that says that it was refused. */
  readonly letter: DeadLetter;
}
