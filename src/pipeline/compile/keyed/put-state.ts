import { MillraceError } from '../../../errors/millrace-error.js';
import type { StageState } from '../../stage-state.js';
import type { Save } from './keyed-parts.js';

/** Sets the state of a key within the bound of its stage. A key that has some already is set in any case. */
export const putWithin = (state: StageState, maxKeys = Number.POSITIVE_INFINITY): Save => {
  if (maxKeys === Number.POSITIVE_INFINITY) return (key, value) => state.set(key, value);
  return (key, value) => {
    const before = state.size;
    state.set(key, value);
    if (state.size > maxKeys && state.size > before) throw tooMany(maxKeys);
  };
};

const tooMany = (maxKeys: number): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', `the stage has the state of ${maxKeys} keys, and maxKeys allows no more`, {
    advice:
      'Look at its keys: one that is new with each item, as an id or a time, has state for ever. Let the stage forget keys (forgetAfter, forgetWhen), ' +
      'give up items of new ones by its onError, or raise maxKeys.',
    details: { maxKeys },
  });
