import type { SinkProgress, SinkWriter } from '../../connector/sink-writer.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { Readiness } from '../../internal/readiness.js';

/** A writer whose destination takes every item at once: delivered is what was written. */
export class ImmediateWriter<in T> implements SinkWriter<T> {
  readonly #receive: (item: T) => void;
  #delivered = 0;
  #reported = 0;
  #failure: MillraceError | undefined;
  readonly #readiness = new Readiness();

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
    if (this.#delivered > this.#reported) this.#readiness.notify();
  }

  progress(): SinkProgress {
    this.#reported = this.#delivered;
    return { delivered: this.#delivered, rejected: [] };
  }

  ready(): Promise<void> {
    return this.#delivered > this.#reported ? Promise.resolve() : this.#readiness.wait();
  }

  async close(): Promise<void> {}
}
