import type { AggregateOperation } from './aggregate-operation.js';
import type { Stage } from './stage.js';
import type { StateKey } from './stage-state.js';
import type { StateCodec } from './state-codec.js';

/** What a rolling aggregate gives: the key and the result so far. */
export interface Entry<K, V> {
  readonly key: K;
  readonly value: V;
}

/** How a stage keeps its state. */
export interface StateOptions<S> {
  /** Default: `StateCodecs.structuredClone()`, version 0. */
  readonly codec?: StateCodec<S>;
  /** Asked after each item: the state of that key is forgotten when it says true. Without it a key is kept for ever. */
  readonly forgetWhen?: (state: S) => boolean;
}

/**
 * A stream of items that have a key. Each stage behind it keeps one state for each key, and sees the items of a key in their order.
 *
 * What state does: in a job with a store it is durable in the same commit as the position of the items that made it, so each item
 * counts once. The store knows it by the name of its stage: give that with `setName` and keep it, the default (`mapStateful`,
 * `mapStateful-2`) changes when stages are added before it. In a job without a guarantee state is in memory and lost with the run.
 *
 * Functions are called one item at a time and must not be async. When one throws, the job fails at that item and all that happened
 * since the last commit is discarded, states too: nothing has to be undone by the function.
 */
export interface KeyedStage<T, K extends StateKey> {
  readonly name: string;
  /** Names the grouping in errors. State has the name of its own stage, not this one. */
  setName(name: string): KeyedStage<T, K>;
  /**
   * Gives what `mapFn` gives for each item, and nothing for `undefined` and `null`. `createFn` makes the state of a key at its first
   * item; `mapFn` changes it in place. The state itself must not be given on: later items change it.
   */
  mapStateful<S extends object, R>(
    createFn: () => S,
    mapFn: (state: S, key: K, item: T) => R,
    options?: StateOptions<S>,
  ): Stage<NonNullable<R>>;
  /** Passes on the items for which the predicate is true. It changes the state of the key in place. */
  filterStateful<S extends object>(
    createFn: () => S,
    predicate: (state: S, item: T, key: K) => boolean,
    options?: StateOptions<S>,
  ): Stage<T>;
  /** Gives the aggregate of a key after each of its items. */
  rollingAggregate<A, R>(operation: AggregateOperation<T, A, R>, options?: StateOptions<A>): Stage<Entry<K, R>>;
}
