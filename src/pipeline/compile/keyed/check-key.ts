import { MillraceError } from '../../../errors/millrace-error.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import type { StateKey } from '../../stage-state.js';

/** @throws MillraceError USER_FUNCTION_FAILED for what cannot be a key; the run of the fragment adds the stage */
export const checkKey = (key: unknown): StateKey => {
  switch (typeof key) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return key;
    case 'number':
      if (!Number.isNaN(key)) return key;
  }
  refusePromise(key);
  throw new MillraceError('USER_FUNCTION_FAILED', `it returned ${nameOf(key)}, which cannot be a key`, {
    advice: 'A key is a string, a number other than NaN, a bigint or a boolean; filter out items that have none.',
  });
};

const nameOf = (key: unknown): string => {
  if (key === undefined || key === null || typeof key === 'number') return String(key);
  return Array.isArray(key) ? 'an array' : `a value of type ${typeof key}`;
};
