import type { DeadLetter } from '../../connector/dead-letter.js';
import type { Rejection } from './rejection.js';

/** What a destination refused for good, and what is done about it. */
export interface RefusedOutput {
  readonly rejection: Rejection;
  readonly letter: DeadLetter;
}
