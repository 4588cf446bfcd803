import { MillraceError } from '../../errors/millrace-error.js';
import { contractBroken, type Door, shown } from '../../internal/door/door.js';
import type { DeadLetter } from '../dead-letter.js';

/** Names that attributes must not have: they are stored beside them. */
const OWN = ['payload', 'attributes', 'error', 'attempt', 'timestampMs', 'origin'];

/** Without its error a letter can neither fail a job nor be read by anybody. @throws MillraceError CONTRACT_BROKEN, rule `letter` */
export const checkLetter = (door: Door, letter: DeadLetter): void => {
  if (typeof letter !== 'object' || letter === null)
    throw contractBroken(door, 'letter', `a letter is ${shown(letter)}`);
  if (!(letter.error instanceof MillraceError)) {
    throw contractBroken(door, 'letter', 'the error of a letter is no MillraceError');
  }
  const { attributes } = letter;
  if (typeof attributes !== 'object' || attributes === null) {
    throw contractBroken(door, 'letter', `the attributes of a letter are ${shown(attributes)}`);
  }
  const taken = OWN.find((name) => Object.hasOwn(attributes, name));
  if (taken !== undefined) throw contractBroken(door, 'letter', `an attribute of a letter is named ${taken}`);
};
