import type { OpenContext } from '../open-context.js';
import type { BatchBuffer } from './source-buffer.js';

/**
 * The functions of a source of the user's own. They are methods, so that functions over narrower types can be held: the
 * builder's types have checked them against each other.
 */
export interface SourceFunctions<C, T> {
  /** `createFn`: once, when the source is opened. */
  create(context: OpenContext): C | PromiseLike<C>;
  /** `fillBufferFn`: while the buffer is empty and the last call is over. A stream has no `close` in its type, and the same buffer. */
  fill?(context: C, buffer: BatchBuffer<T>): void | PromiseLike<void>;
  /** `createSnapshotFn`: right after each fill, and only where the state is stored. */
  createSnapshot?(context: C): unknown;
  /** `restoreSnapshotFn`: once, behind `create` and before the first fill, where something is stored. */
  restoreSnapshot?(context: C, state: unknown): void;
  /** `destroyFn`: once. A fill may still be under way. */
  destroy?(context: C): void | PromiseLike<void>;
}
