/**
 * An aggregate over the items of one key. The accumulator is the stored state, so it must be something that the stage's codec takes:
 * by default what structured clone takes.
 */
export interface AggregateOperation<T, A, R> {
  /** The accumulator before the first item. Not `undefined`. */
  create(): A;
  /** The accumulator after one more item: a new one, or the same changed in place. Not `undefined`. */
  accumulate(accumulator: A, item: T): A;
  /**
   * The accumulator of the items of both, those of `later` behind the others: a new one, or the first changed in place. `later` is not to be
   * changed, and no part of it that may be. Absent where parts of a whole cannot be put together.
   */
  combine?(accumulator: A, later: A): A;
  /**
   * Undoes `combine`: the accumulator without the items of `part`, which were combined into it. A new one, or the first changed in place;
   * `part` is not to be changed. Absent where what has gone in cannot be taken out: the lowest value knows no second one.
   */
  deduct?(accumulator: A, part: A): A;
  /** The result so far. Called after each item. It changes nothing, and is no object that is the accumulator, or a part of it that changes. */
  export(accumulator: A): R;
}
