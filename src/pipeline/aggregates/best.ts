import { checkFunctions } from '../build/check-parts.js';
import type { AggregateOperation } from './aggregate-operation.js';
import { type Comparable, checkComparable } from './given-values.js';

/** The item that is ahead; no field before the first one. */
export interface BestState<T> {
  /** In a record of its own, so that an item may be `undefined`. */
  best?: { readonly item: T };
}

type IsAhead = (value: Comparable, best: Comparable) => boolean;

const lower: IsAhead = (value, best) => value < best;
const higher: IsAhead = (value, best) => value > best;

/** An item that cannot be compared (its value is NaN) is behind every other. */
const isComparable = (value: Comparable): boolean => !Number.isNaN(value);

const challenge = <T>(state: BestState<T>, item: T, valueFn: (item: T) => Comparable, isAhead: IsAhead): void => {
  const value = valueFn(item);
  const best = state.best === undefined ? undefined : valueFn(state.best.item);
  checkComparable(value, best);
  if (isComparable(value) && (best === undefined || isAhead(value, best))) state.best = { item };
};

const bestBy =
  (name: string, isAhead: IsAhead) =>
  <T>(valueFn: (item: T) => Comparable): AggregateOperation<T, BestState<T>, T | undefined> => {
    checkFunctions(`AggregateOperations.${name}`, { valueFn });
    return {
      create: () => ({}),
      accumulate: (state, item) => {
        challenge(state, item, valueFn, isAhead);
        return state;
      },
      combine: (state, { best }) => {
        if (best !== undefined) challenge(state, best.item, valueFn, isAhead);
        return state;
      },
      export: ({ best }) => best?.item,
    };
  };

export const minBy = bestBy('minBy', lower);
export const maxBy = bestBy('maxBy', higher);

const best =
  (name: string, isAhead: IsAhead) =>
  <T, V extends Comparable>(valueFn: (item: T) => V): AggregateOperation<T, BestState<V>, V | undefined> => {
    checkFunctions(`AggregateOperations.${name}`, { valueFn });
    const ofValues = bestBy(name, isAhead)((value: V) => value);
    return { ...ofValues, accumulate: (state, item) => ofValues.accumulate(state, valueFn(item)) };
  };

export const min = best('min', lower);
export const max = best('max', higher);
