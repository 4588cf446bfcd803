import type { OpenContext } from '../open-context.js';

/** The functions of a sink of the user's own; methods for the reason given at `SourceFunctions`. */
export interface SinkFunctions<C, T> {
  create(context: OpenContext): C | PromiseLike<C>;
  receive?(context: C, item: T, seq: number | undefined): void | PromiseLike<void>;
  flush?(context: C): void | PromiseLike<void>;
  destroy?(context: C): void | PromiseLike<void>;
}
