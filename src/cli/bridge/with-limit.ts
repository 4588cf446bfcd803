import type { OpenContext } from '../../connector/open-context.js';
import type { SourceDefinition } from '../../connector/source.js';
import type { Polled, SourceReader } from '../../connector/source-reader.js';
import type { MillraceError } from '../../errors/index.js';

/**
 * The source, ended after `limit` items: what arrives beyond is never polled, so it stays unacknowledged and the broker keeps
 * it in the session.
 */
export function withLimit<T>(source: SourceDefinition<T>, limit: number): SourceDefinition<T> {
  return {
    ...source,
    createReader: async (context: OpenContext) => new LimitedReader(await source.createReader(context), limit),
  };
}

const NEVER = new Promise<never>(() => {});

class LimitedReader<T> implements SourceReader<T> {
  readonly #reader: SourceReader<T>;
  #left: number;

  constructor(reader: SourceReader<T>, limit: number) {
    this.#reader = reader;
    this.#left = limit;
  }

  get failed(): Promise<MillraceError> {
    return this.#reader.failed ?? NEVER;
  }

  get dirty(): boolean {
    return this.#reader.dirty === true;
  }

  whenDirty(): Promise<void> {
    return this.#reader.whenDirty?.() ?? NEVER;
  }

  poll(max: number): Polled<T> {
    const polled = this.#reader.poll(Math.min(max, this.#left));
    this.#left -= polled.items.length;
    return this.#left > 0 ? polled : { ...polled, done: true };
  }

  ready(): Promise<void> {
    return this.#left > 0 ? this.#reader.ready() : Promise.resolve();
  }

  snapshot(upTo: number) {
    return this.#reader.snapshot(upTo);
  }

  committed(mark: number): void {
    this.#reader.committed(mark);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}
