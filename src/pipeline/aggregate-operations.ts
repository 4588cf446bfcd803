import { MillraceError } from '../errors/millrace-error.js';
import { frozenFunctions } from '../internal/options/frozen-functions.js';
import { refusePromise } from '../internal/refuse-promise.js';
import type { AggregateOperation } from './aggregate-operation.js';
import { checkFunctions } from './build/check-parts.js';

/** A sum of floating-point numbers with what the additions lost so far (Neumaier's method): a million small ones stay exact. */
export interface SumState {
  /** Rounded at each addition. */
  sum: number;
  /** What the roundings have lost: the total is the two together. */
  lost: number;
}

/** A sum and how many numbers it has. */
export interface AverageState extends SumState {
  count: number;
}

/** The item that is ahead; no field before the first one. */
export interface BestState<T> {
  /** In a record of its own, so that an item may be `undefined`. */
  best?: { readonly item: T };
}

/** What items are compared by. Both must be of one type. */
export type Comparable = number | bigint | string;

const add = (state: SumState, given: unknown): void => {
  const value = numberOf(given);
  const next = state.sum + value;
  if (Number.isNaN(next)) throw refuse('Infinity and -Infinity have no sum', NO_NUMBER);
  if (Number.isFinite(next)) {
    state.lost += Math.abs(state.sum) >= Math.abs(value) ? state.sum - next + value : value - next + state.sum;
  }
  state.sum = next;
};

const refuse = (what: string, advice: string): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', what, { advice });

/** One that is none would stay in the sum for ever, or make a text of it. */
const numberOf = (value: unknown): number => {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  refusePromise(value, 'valueFn');
  throw refuse(`valueFn returned ${nameOf(value)}, which is no number`, NO_NUMBER);
};

const NO_NUMBER = 'It must return a number for each item; filter out items that have none, or give the stage onError.';

const nameOf = (value: unknown): string =>
  value === undefined || value === null || typeof value === 'number'
    ? String(value)
    : `a value of type ${typeof value}`;

/** What cannot be ordered at all, or not beside the best so far. */
const checkComparable = (value: unknown, best: unknown): void => {
  const isOne = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string';
  if (isOne && (best === undefined || typeof best === typeof value)) return;
  refusePromise(value, 'valueFn');
  const beside = isOne ? ` beside ${nameOf(best)}` : '';
  throw refuse(`valueFn returned ${nameOf(value)}${beside}, which cannot be compared`, COMPARE);
};

const COMPARE = 'It must return numbers for all items, or bigints, or texts; filter out items that have none.';

const totalOf = ({ sum, lost }: SumState): number => sum + lost;

const counting = (): AggregateOperation<unknown, number, number> => ({
  create: () => 0,
  accumulate: (count) => count + 1,
  export: (count) => count,
});

const summing = <T>(valueFn: (item: T) => number): AggregateOperation<T, SumState, number> => {
  checkFunctions('AggregateOperations.summing', { valueFn });
  return {
    create: () => ({ sum: 0, lost: 0 }),
    accumulate: (state, item) => {
      add(state, valueFn(item));
      return state;
    },
    export: totalOf,
  };
};

const averaging = <T>(valueFn: (item: T) => number): AggregateOperation<T, AverageState, number> => {
  checkFunctions('AggregateOperations.averaging', { valueFn });
  return {
    create: () => ({ count: 0, sum: 0, lost: 0 }),
    accumulate: (state, item) => {
      add(state, valueFn(item));
      state.count += 1;
      return state;
    },
    export: (state) => totalOf(state) / state.count,
  };
};

/** An item that cannot be compared (its value is NaN) is behind every other. */
const isComparable = (value: Comparable): boolean => !Number.isNaN(value);

const bestBy = <T>(
  what: string,
  valueFn: (item: T) => Comparable,
  isAhead: (value: Comparable, best: Comparable) => boolean,
): AggregateOperation<T, BestState<T>, T | undefined> => {
  checkFunctions(what, { valueFn });
  return {
    create: () => ({}),
    accumulate: (state, item) => {
      const value = valueFn(item);
      const best = state.best === undefined ? undefined : valueFn(state.best.item);
      checkComparable(value, best);
      if (isComparable(value) && (best === undefined || isAhead(value, best))) state.best = { item };
      return state;
    },
    export: ({ best }) => best?.item,
  };
};

const minBy = <T>(valueFn: (item: T) => Comparable): AggregateOperation<T, BestState<T>, T | undefined> =>
  bestBy('AggregateOperations.minBy', valueFn, (value, best) => value < best);

const maxBy = <T>(valueFn: (item: T) => Comparable): AggregateOperation<T, BestState<T>, T | undefined> =>
  bestBy('AggregateOperations.maxBy', valueFn, (value, best) => value > best);

/**
 * Aggregates for `rollingAggregate`; write an {@link AggregateOperation} for others.
 * @namespace
 */
export const AggregateOperations = frozenFunctions('AggregateOperations', {
  counting: 0,
  summing: 1,
  averaging: 1,
  minBy: 1,
  maxBy: 1,
})({
  /** How many items. */
  counting,

  /** The sum of a number of each item; 0 before the first. The stage fails at an item for which `valueFn` gives none, or NaN. */
  summing,

  /** The arithmetic mean of a number of each item. The stage fails at an item for which `valueFn` gives none, or NaN. */
  averaging,

  /** The item with the lowest value, the first of equal ones. `undefined` while every value was NaN. */
  minBy,

  /** The item with the highest value, the first of equal ones. `undefined` while every value was NaN. */
  maxBy,
});
