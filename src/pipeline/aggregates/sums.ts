import { checkFunctions } from '../build/check-parts.js';
import type { AggregateOperation } from './aggregate-operation.js';
import { NO_NUMBER, numberOf, refuseItem } from './given-values.js';

/** A sum of floating-point numbers with what the additions lost so far (Neumaier's method): a million small ones stay exact. */
export interface SumState {
  /** Rounded at each addition. */
  sum: number;
  /** What the roundings have lost: the total is the two together. */
  lost: number;
  /** How many were Infinity: they can be taken out again. Absent: none. */
  above?: number;
  /** The same of -Infinity. */
  below?: number;
}

/** A sum and how many numbers it has. */
export interface AverageState extends SumState {
  count: number;
}

const add = (state: SumState, value: number): void => {
  if (Number.isFinite(value)) addFinite(state, value);
  else addInfinite(state, value > 0 ? { above: 1 } : { below: 1 }, 1);
};

const addFinite = (state: SumState, value: number): void => {
  const next = state.sum + value;
  if (Number.isFinite(next)) {
    state.lost += Math.abs(state.sum) >= Math.abs(value) ? state.sum - next + value : value - next + state.sum;
  }
  state.sum = next;
};

const addInfinite = (state: SumState, other: Pick<SumState, 'above' | 'below'>, sign: 1 | -1): void => {
  const above = (state.above ?? 0) + sign * (other.above ?? 0);
  const below = (state.below ?? 0) + sign * (other.below ?? 0);
  if (Number.isNaN(withInfinite(state.sum, above, below)))
    throw refuseItem('Infinity and -Infinity have no sum', NO_NUMBER);
  if (above > 0) state.above = above;
  else if (state.above !== undefined) delete state.above;
  if (below > 0) state.below = below;
  else if (state.below !== undefined) delete state.below;
};

/** A sum that has overflowed is infinite itself. */
const withInfinite = (sum: number, above: number, below: number): number =>
  sum + (above > 0 ? Number.POSITIVE_INFINITY : 0) + (below > 0 ? Number.NEGATIVE_INFINITY : 0);

const mix = (state: SumState, other: SumState, sign: 1 | -1): void => {
  if (Number.isNaN(state.sum + sign * other.sum))
    throw refuseItem('a sum beyond all numbers cannot be undone', NO_NUMBER);
  addInfinite(state, other, sign);
  addFinite(state, sign * other.sum);
  addFinite(state, sign * other.lost);
};

const totalOf = ({ sum, lost, above = 0, below = 0 }: SumState): number => withInfinite(sum, above, below) + lost;

export const counting = (): AggregateOperation<unknown, number, number> => ({
  create: () => 0,
  accumulate: (count) => count + 1,
  combine: (count, later) => count + later,
  deduct: (count, part) => count - part,
  export: (count) => count,
});

export const summing = <T>(valueFn: (item: T) => number): AggregateOperation<T, SumState, number> => {
  checkFunctions('AggregateOperations.summing', { valueFn });
  const mixed = (sign: 1 | -1) => (state: SumState, other: SumState) => {
    mix(state, other, sign);
    return state;
  };
  return {
    create: () => ({ sum: 0, lost: 0 }),
    accumulate: (state, item) => {
      add(state, numberOf(valueFn(item)));
      return state;
    },
    combine: mixed(1),
    deduct: mixed(-1),
    export: totalOf,
  };
};

export const averaging = <T>(valueFn: (item: T) => number): AggregateOperation<T, AverageState, number> => {
  checkFunctions('AggregateOperations.averaging', { valueFn });
  const create = (): AverageState => ({ count: 0, sum: 0, lost: 0 });
  const mixed = (sign: 1 | -1) => (state: AverageState, other: AverageState) => {
    // none is exactly none: what rounding has left ends here
    if (state.count + sign * other.count === 0) return create();
    mix(state, other, sign);
    state.count += sign * other.count;
    return state;
  };
  return {
    create,
    accumulate: (state, item) => {
      add(state, numberOf(valueFn(item)));
      state.count += 1;
      return state;
    },
    combine: mixed(1),
    deduct: mixed(-1),
    export: (state) => totalOf(state) / state.count,
  };
};
