import { MillraceError } from '../../errors/millrace-error.js';
import { contractBroken, type Door, shown } from '../../internal/contract-broken.js';
import type { DeadLetter } from '../dead-letter.js';

/** Without its error a letter can neither fail a job nor be read by anybody. @throws MillraceError CONTRACT_BROKEN, rule `letter` */
export const checkLetter = (door: Door, letter: DeadLetter): void => {
  if (typeof letter !== 'object' || letter === null)
    throw contractBroken(door, 'letter', `a letter is ${shown(letter)}`);
  if (letter.error instanceof MillraceError) return;
  throw contractBroken(door, 'letter', 'the error of a letter is no MillraceError');
};
