import type { OpenContext } from '../open-context.js';
import type { BatchBuffer } from './source-buffer.js';

/**
 * The functions of a source of the user's own. They are methods, so that functions over narrower types can be held: the
 * builder's types have checked them against each other.
 */
export interface SourceFunctions<C, T> {
  /** `createFn`: when the source is opened, and after a failure. */
  create(context: OpenContext): C | PromiseLike<C>;
  /** `fillBufferFn`: while the buffer is empty and the last call is over. A stream has no `close` in its type, and the same buffer. */
  fill?(context: C, buffer: BatchBuffer<T>): void | PromiseLike<void>;
  /** `createSnapshotFn`: right after each fill. */
  createSnapshot?(context: C): unknown;
  /** `restoreSnapshotFn`: behind `create` and before the first fill, where there is a state. */
  restoreSnapshot?(context: C, state: unknown): void | PromiseLike<void>;
  /** `destroyFn`: once for each context. A fill may still be under way. */
  destroy?(context: C): void | PromiseLike<void>;
}
