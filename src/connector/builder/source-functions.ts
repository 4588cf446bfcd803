import type { OpenContext } from '../open-context.js';
import type { BatchBuffer } from './source-buffer.js';

/**
 * The functions of a source of the user's own. They are methods, so that functions over narrower types can be held: the
 * builder's types have checked them against each other.
 */
export interface SourceFunctions<C, T> {
  create(context: OpenContext): C | PromiseLike<C>;
  fill?(context: C, buffer: BatchBuffer<T>): void | PromiseLike<void>;
  createSnapshot?(context: C): unknown;
  restoreSnapshot?(context: C, state: unknown): void;
  destroy?(context: C): void | PromiseLike<void>;
}
