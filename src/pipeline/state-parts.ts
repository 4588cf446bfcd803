import type { StateCodec } from './state-codec.js';

/** Which parts a state has, by their numbers. */
export interface PartRange {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

/**
 * How a state is stored in several records: one under its key, which is written whenever it has changed, and parts, each of which is written once
 * and never changed. The codec of the stage has all of a state in one, for copies of it.
 */
export interface StateParts {
  /** What is to stand under the key. What is large and has not changed lately may go into a new part, the last one of the range. */
  encodeRest(state: unknown): Uint8Array;
  /** The part that the last `encodeRest` has made; undefined: none. */
  newPart(state: unknown): Uint8Array | undefined;
  /** As of the last `encodeRest`; of a state that was decoded, those that it is to be joined with. */
  rangeOf(state: unknown): PartRange;
  /** Bytes of all of it, as it is stored. */
  sizeOf(state: unknown): number;
  /** Of the bytes of a part. */
  readonly codec: StateCodec<unknown>;
  /** Takes in its parts, as `codec` has decoded them: all of the range, in order. */
  join(state: unknown, parts: readonly unknown[]): void;
}
