import type { AggregateOperation } from './aggregate-operation.js';

/** One item of several; no field before the first one. */
export interface EndState<T> {
  /** In a record of its own, so that an item may be `undefined`. */
  end?: { readonly item: T };
}

export const first = <T>(): AggregateOperation<T, EndState<T>, T | undefined> => ({
  create: () => ({}),
  accumulate: (state, item) => (state.end === undefined ? { end: { item } } : state),
  combine: (state, later) => (state.end === undefined ? { ...later } : state),
  export: ({ end }) => end?.item,
});

export const last = <T>(): AggregateOperation<T, EndState<T>, T | undefined> => ({
  create: () => ({}),
  accumulate: (_, item) => ({ end: { item } }),
  combine: (state, later) => (later.end === undefined ? state : { ...later }),
  export: ({ end }) => end?.item,
});
