import type { OpenContext } from '../open-context.js';

/** The functions of a sink of the user's own; methods for the reason given at `SourceFunctions`. */
export interface SinkFunctions<C, T> {
  /** `createFn`: when the sink is opened, and after a failure. */
  create(context: OpenContext): C | PromiseLike<C>;
  /** `receiveFn`: one item at a time; `seq` is undefined in a job without a store. */
  receive?(context: C, item: T, seq: number | undefined): void | PromiseLike<void>;
  /** `receiveBatchFn`: several, in its place; `firstSeq` is that of the first. */
  receiveBatch?(context: C, items: readonly T[], firstSeq: number | undefined): void | PromiseLike<void>;
  /** `flushFn`: behind a run of items, which count as delivered when it is done. Without it each does as it was received. */
  flush?(context: C): void | PromiseLike<void>;
  /** `destroyFn`: once for each context, and nothing is called with that after it. */
  destroy?(context: C): void | PromiseLike<void>;
}
