import type { StageOptions } from './stage-options.js';
import type { StateCodec } from './state-codec.js';

/** What a rolling aggregate gives: the key and the result so far. */
export interface Entry<K, V> {
  /** Of the item. */
  readonly key: K;
  /** The result with this item. */
  readonly value: V;
}

/** How a stage keeps its state. */
export interface StateOptions<S> extends StageOptions {
  /** Default: `StateCodecs.structuredClone()`, version 0. */
  readonly codec?: StateCodec<S>;
  /** Asked after each item: the state of that key is forgotten when it says true. Without it a key is kept for ever. */
  readonly forgetWhen?: (state: S) => boolean;
}
