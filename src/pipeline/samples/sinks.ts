import { defineSink } from '../../connector/define-sink.js';
import type { Sink } from '../../connector/sink.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { must } from '../../internal/options/option-checks.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import { checkFunctions } from '../build/check-parts.js';
import { shownItem } from '../shown-item.js';
import { ImmediateWriter } from './immediate-writer.js';

const anArray = must('an array', Array.isArray);

const immediateSink = <T>(name: string, receive: (item: T) => void): Sink<T> =>
  defineSink<T>({
    name,
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: async () => new ImmediateWriter(receive),
  });

const list = <T>(array: T[]): Sink<T> => {
  const problems = anArray(array, 'array');
  if (problems.length > 0) throw invalidOptions('Sinks.list', problems);
  return immediateSink('list', (item: T) => {
    array.push(item);
  });
};

const logger = <T = unknown>(toStringFn: (item: T) => string = shownItem): Sink<T> => {
  checkFunctions('Sinks.logger', { toStringFn });
  return immediateSink('logger', (item: T) => {
    const text = toStringFn(item);
    refusePromise(text, 'the toStringFn of logger');
    console.log(text);
  });
};

const noop = (): Sink<unknown> => immediateSink<unknown>('noop', () => {});

/**
 * Sinks for tests and for trying things out.
 * @namespace
 */
export const Sinks = frozenFunctions('Sinks', { list: 1, logger: 1, noop: 0 })({
  /** Appends every item to an array of the caller's, which is its only bound. */
  list,

  /** Prints every item with console.log. Default of `toStringFn`: a text as it is, anything else as `util.inspect` shows it. */
  logger,

  /** Takes every item and does nothing with it. */
  noop,
});
