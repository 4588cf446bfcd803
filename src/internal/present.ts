import { MillraceError } from '../errors/millrace-error.js';

/**
 * Gives a value that must be there by an invariant.
 * @param invariant what makes it so, for the error of the bug
 * @throws MillraceError INTERNAL when it is not: going on without it would lose something in silence
 */
export const present = <T>(value: T | undefined, invariant: string): T => {
  if (value !== undefined) return value;
  throw new MillraceError('INTERNAL', `an invariant does not hold: ${invariant}`, {
    advice: 'This is a bug of Millrace; please report it.',
    details: { invariant },
  });
};
