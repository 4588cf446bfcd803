import { functionMistake } from '../../errors/function-mistake.js';
import { isThenable, promiseError } from '../../internal/refuse-promise.js';
import { Ring } from '../../internal/ring.js';

/** What `fillBufferFn` adds items to. */
export interface SourceBuffer<T> {
  /** How many items wait to be taken by the engine. */
  readonly size: number;
  /**
   * `bytes` counts towards the engine's byte bound; default 0.
   * @throws MillraceError USER_FUNCTION_FAILED for a promise, for bytes that are no number from 0, and behind `close`
   */
  add(item: T, bytes?: number): void;
}

/** The buffer of a batch source. */
export interface BatchBuffer<T> extends SourceBuffer<T> {
  /** Nothing will come any more: the job completes when all is processed. */
  close(): void;
}

/** Items and, by the same index, what each counts in the byte bound. */
export interface BufferedItems<T> {
  /** In the order in which they were added. */
  readonly items: readonly T[];
  /** One for each item. */
  readonly bytes: readonly number[];
}

interface BufferedItem<T> {
  readonly item: T;
  readonly bytes: number;
}

/**
 * The buffer of a {@link SourceBuilder}'s source: filled when it is empty, taken from the front. Its bound is the user's: one fill, for
 * nothing is asked to fill it while it has an item.
 */
export class ItemBuffer<T> implements BatchBuffer<T> {
  readonly #items = new Ring<BufferedItem<T>>();
  #closed = false;

  get size(): number {
    return this.#items.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  add(item: T, bytes = 0): void {
    if (this.#closed) throw addedBehindEnd();
    if (isThenable(item)) throw promised(item);
    if (typeof bytes !== 'number' || !(bytes >= 0)) throw noBytes();
    this.#items.push({ item, bytes });
  }

  close(): void {
    this.#closed = true;
  }

  /** All that waits. */
  contents(): BufferedItems<T> {
    const all = [...this.#items];
    return { items: all.map(({ item }) => item), bytes: all.map(({ bytes }) => bytes) };
  }

  take(max: number): { readonly items: readonly T[]; readonly bytes: number } {
    const items: T[] = [];
    let total = 0;
    while (items.length < max) {
      const oldest = this.#items.shift();
      if (oldest === undefined) break;
      items.push(oldest.item);
      total += oldest.bytes;
    }
    return { items, bytes: total };
  }
}

/** It would go on as an item; what it comes to is nobody's. */
const promised = (item: PromiseLike<unknown>): Error => {
  promiseError(item);
  return functionMistake(
    'fillBufferFn added a promise',
    'Add what the promise comes to: fillBufferFn may be async, or a mapAsync stage awaits it.',
  );
};

const noBytes = (): Error =>
  functionMistake(
    'fillBufferFn added an item whose bytes are no number from 0',
    'Give the size of the item, or leave it out.',
  );

/** Its source has ended: whether the item were given would depend on when it comes. */
const addedBehindEnd = (): Error =>
  functionMistake('fillBufferFn added an item behind buffer.close()', 'Call close() behind the last item.');
