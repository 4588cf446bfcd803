import { functionMistake } from '../../../errors/function-mistake.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { refusePromise } from '../../../internal/refuse-promise.js';

/** Many of something: an async iterable gives promises, and is none. @throws MillraceError USER_FUNCTION_FAILED for what is none */
export const iteratorOf = (many: Iterable<unknown>): Iterator<unknown> => {
  refusePromise(many);
  if (typeof many?.[Symbol.iterator] === 'function') return many[Symbol.iterator]();
  if (typeof many === 'object' && many !== null && Symbol.asyncIterator in many) {
    throw functionMistake(
      'it returned an async iterable',
      'Collect it in a mapAsync stage, and pass the array on to a flatMap stage.',
    );
  }
  throw new MillraceError('USER_FUNCTION_FAILED', 'it returned nothing that can be iterated', {
    advice: 'flatMap gives an array, or another iterable; an empty one for nothing.',
  });
};
