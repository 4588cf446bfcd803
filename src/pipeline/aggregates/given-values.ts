import { MillraceError } from '../../errors/millrace-error.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import type { OptionCheck } from '../../internal/options/option-checks.js';
import { refusePromise } from '../../internal/refuse-promise.js';

/** What items are compared by. All must be of one type. */
export type Comparable = number | bigint | string;

/** The error of an aggregate at an item: the stage has failed at it. */
export const refuseItem = (what: string, advice: string): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', what, { advice });

export const NO_NUMBER =
  'It must return a number for each item; filter out items that have none, or give the stage onError.';
const COMPARE = 'It must return numbers for all items, or bigints, or texts; filter out items that have none.';

/** One that is none would stay in the sum for ever, or make a text of it. */
export const numberOf = (value: unknown, fn = 'valueFn'): number => {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  refusePromise(value, fn);
  throw refuseItem(`${fn} returned ${nameOf(value)}, which is no number`, NO_NUMBER);
};

/** Where infinity says nothing: it has no place on a line, and none among bins. */
export const finiteOf = (value: unknown, fn?: string): number => {
  const number = numberOf(value, fn);
  if (Number.isFinite(number)) return number;
  throw refuseItem(`${fn ?? 'valueFn'} returned ${number}, which is not finite`, NO_NUMBER);
};

/** What cannot be ordered at all, or not beside the best so far. */
export const checkComparable = (value: unknown, best: unknown): void => {
  const isOne = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string';
  if (isOne && (best === undefined || typeof best === typeof value)) return;
  refusePromise(value, 'valueFn');
  const beside = isOne ? ` beside ${nameOf(best)}` : '';
  throw refuseItem(`valueFn returned ${nameOf(value)}${beside}, which cannot be compared`, COMPARE);
};

const nameOf = (value: unknown): string =>
  value === undefined || value === null || typeof value === 'number'
    ? String(value)
    : `a value of type ${typeof value}`;

/** @throws MillraceError INVALID_OPTIONS for an argument of a factory that is wrong */
export const checkArgument = (factory: string, check: OptionCheck, given: unknown, name: string): void => {
  const problems = check(given, name);
  if (problems.length > 0) throw invalidOptions(`AggregateOperations.${factory}`, problems);
};
