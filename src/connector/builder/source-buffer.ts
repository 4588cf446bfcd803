/** What `fillBufferFn` adds items to. */
export interface SourceBuffer<T> {
  /** How many items wait to be taken by the engine. */
  readonly size: number;
  /** `bytes` counts towards the engine's byte bound; default 0. */
  add(item: T, bytes?: number): void;
}

/** The buffer of a batch source. */
export interface BatchBuffer<T> extends SourceBuffer<T> {
  /** Nothing will come any more: the job completes when all is processed. */
  close(): void;
}

/** Items and, by the same index, what each counts in the byte bound. */
export interface BufferedItems<T> {
  readonly items: readonly T[];
  readonly bytes: readonly number[];
}

/** The buffer of a {@link SourceBuilder}'s source: filled when it is empty, taken from the front. */
export class ItemBuffer<T> implements BatchBuffer<T> {
  #items: T[] = [];
  #bytes: number[] = [];
  #head = 0;
  #closed = false;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get closed(): boolean {
    return this.#closed;
  }

  add(item: T, bytes = 0): void {
    this.#items.push(item);
    this.#bytes.push(bytes);
  }

  close(): void {
    this.#closed = true;
  }

  /** All that waits. */
  contents(): BufferedItems<T> {
    return { items: this.#items.slice(this.#head), bytes: this.#bytes.slice(this.#head) };
  }

  take(max: number): { readonly items: readonly T[]; readonly bytes: number } {
    const end = Math.min(this.#items.length, this.#head + max);
    const items = this.#items.slice(this.#head, end);
    const bytes = this.#bytes.slice(this.#head, end).reduce((sum, one) => sum + one, 0);
    this.#head = end;
    if (this.#head === this.#items.length) this.#reset();
    return { items, bytes };
  }

  #reset(): void {
    this.#items = [];
    this.#bytes = [];
    this.#head = 0;
  }
}
