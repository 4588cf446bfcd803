import type { SinkProgress, SinkWriter } from '../sink-writer.js';

const NOTHING: SinkProgress = { delivered: 0, rejected: [] };

/** A writer that is still being opened: it takes nothing until it is open. */
export class LateWriter<T> implements SinkWriter<T> {
  /** Resolves when it is open; rejects when it never will be. */
  readonly opened: Promise<void>;
  /** Never awaited by a call: rows are made and stored meanwhile. */
  readonly #opening: Promise<SinkWriter<T>>;
  #writer: SinkWriter<T> | undefined;

  constructor(opening: Promise<SinkWriter<T>>) {
    this.#opening = opening;
    this.opened = opening.then((writer) => {
      this.#writer = writer;
    });
    // told by `ready`, too, where nobody awaits this
    this.opened.catch(() => {});
  }

  /** Nothing until then: what is offered stays in the store. */
  write(items: readonly T[]): number {
    return this.#writer?.write(items) ?? 0;
  }

  /** Nothing was taken before it is open. */
  flush(): void {
    this.#writer?.flush();
  }

  progress(): SinkProgress {
    return this.#writer?.progress() ?? NOTHING;
  }

  /** That it is open is news: there is room. */
  ready(): Promise<void> {
    return this.#writer?.ready() ?? this.opened;
  }

  /** One that opens later is closed as it comes. */
  close(): Promise<void> {
    return this.#opening.then(
      (writer) => writer.close(),
      () => {},
    );
  }
}
