/**
 * An aggregate over the items of one key. The accumulator is the stored state, so it must be something that the stage's codec takes:
 * by default what structured clone takes.
 */
export interface AggregateOperation<T, A, R> {
  /** The accumulator before the first item. Not `undefined`. */
  create(): A;
  /** The accumulator after one more item: a new one, or the same changed in place. Not `undefined`. */
  accumulate(accumulator: A, item: T): A;
  /** The result so far. Called after each item. Not the accumulator itself when that is an object: later items change it. */
  export(accumulator: A): R;
}
