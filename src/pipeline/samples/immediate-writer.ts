import type { SinkProgress, SinkWriter } from '../../connector/sink-writer.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';

/** A writer whose destination takes every item at once: delivered is what was written. */
export class ImmediateWriter<in T> implements SinkWriter<T> {
  readonly #receive: (item: T) => void;
  #delivered = 0;
  #reported = 0;
  #failure: MillraceError | undefined;
  #ready = deferred<void>();

  /** `receive` may throw: the sink has failed then. */
  constructor(receive: (item: T) => void) {
    this.#receive = receive;
  }

  write(items: readonly T[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      for (const item of items) {
        this.#receive(item);
        this.#delivered += 1;
      }
    } catch (error) {
      this.#failure = MillraceError.from(error, 'USER_FUNCTION_FAILED');
      throw this.#failure;
    }
    return items.length;
  }

  flush(): void {
    if (this.#delivered > this.#reported) this.#ready.resolve();
  }

  progress(): SinkProgress {
    this.#reported = this.#delivered;
    return { delivered: this.#delivered, rejected: [] };
  }

  ready(): Promise<void> {
    this.#ready = deferred();
    this.flush();
    return this.#ready.promise;
  }

  async close(): Promise<void> {}
}
