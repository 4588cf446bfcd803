import { refuseMore } from '../../internal/options/refuse-more.js';
import { checkFunctions } from '../build/check-parts.js';
import type { AggregateOperation } from './aggregate-operation.js';

/** What is there of an aggregate that has no result yet. */
type Accumulation<T, A> = Omit<AggregateOperation<T, A, unknown>, 'export'>;

/** The first step of an aggregate of one's own: it has an accumulator. */
export interface AggregateStart<A> {
  /** The accumulator after one more item: a new one, or the same changed in place. */
  andAccumulate<T>(accumulateFn: (accumulator: A, item: T) => A): AggregateBuilder<T, A>;
}

/** An aggregate of one's own that takes items. Each step gives a new builder; the last one is `andExport`. */
export interface AggregateBuilder<T, A> {
  /** Puts the parts of a whole together; see {@link AggregateOperation.combine}. */
  andCombine(combineFn: (accumulator: A, later: A) => A): AggregateBuilder<T, A>;
  /** Undoes `andCombine`; see {@link AggregateOperation.deduct}. */
  andDeduct(deductFn: (accumulator: A, part: A) => A): AggregateBuilder<T, A>;
  /** The aggregate whose result this is; see {@link AggregateOperation.export}. */
  andExport<R>(exportFn: (accumulator: A) => R): AggregateOperation<T, A, R>;
}

class Builder<T, A> implements AggregateBuilder<T, A> {
  readonly #made: Accumulation<T, A>;

  constructor(made: Accumulation<T, A>) {
    this.#made = made;
  }

  andCombine(combineFn: (accumulator: A, later: A) => A): AggregateBuilder<T, A> {
    checkFunctions('andCombine', { combineFn });
    return new Builder({ ...this.#made, combine: combineFn });
  }

  andDeduct(deductFn: (accumulator: A, part: A) => A): AggregateBuilder<T, A> {
    checkFunctions('andDeduct', { deductFn });
    return new Builder({ ...this.#made, deduct: deductFn });
  }

  andExport<R>(exportFn: (accumulator: A) => R): AggregateOperation<T, A, R> {
    checkFunctions('andExport', { exportFn });
    return Object.freeze({ ...this.#made, export: exportFn });
  }

  static {
    refuseMore('an aggregate', { andCombine: 1, andDeduct: 1, andExport: 1 }, Builder.prototype);
  }
}

export const withCreate = <A>(createFn: () => A): AggregateStart<A> => {
  checkFunctions('AggregateOperations.withCreate', { createFn });
  const start: AggregateStart<A> = {
    andAccumulate: (accumulateFn) => {
      checkFunctions('andAccumulate', { accumulateFn });
      return new Builder({ create: createFn, accumulate: accumulateFn });
    },
  };
  refuseMore('an aggregate', { andAccumulate: 1 }, start);
  return Object.freeze(start);
};
