import { MillraceError } from '../../errors/millrace-error.js';
import { Readiness } from '../../internal/readiness.js';
import type { SinkWriter } from '../sink-writer.js';
import type { RejectedHandler } from './rejected-handler.js';

/**
 * Drives a sink writer by promises, for use without an engine: `write` waits for room, `whenDelivered` for confirmation.
 *
 * It keeps to the rules of `SinkWriter` as an engine does: one `ready` at a time, its progress taken as soon as it resolves, a flush at the
 * end of each turn in which something was written. It never gives up an item: after a failure all that is not delivered is its caller's.
 */
export class SinkPump<T> {
  /** Called when it closes. */
  onClose: () => void = () => {};
  readonly #writer: SinkWriter<T>;
  /** Its letters are a part of what is to be delivered: `whenDelivered` waits for them. */
  readonly #rejected: RejectedHandler;
  /** Whenever the writer had something to say. */
  readonly #change = new Readiness();
  /** Settles when all letters so far are dealt with: a dead-letter sink without room so holds back the next write. */
  #letters: Promise<void> = Promise.resolve();
  /** Taken by the writer; what `whenDelivered` is given. */
  #written = 0;
  /** By the last `progress`. */
  #delivered = 0;
  /** Whether the turn under way ends with a flush already. */
  #flushPlanned = false;
  /** The first one; that it is closed counts as one, for whoever waits. */
  #failure: MillraceError | undefined;
  /** Set from the first `close` on: the writer is closed once. */
  #closing: Promise<void> | undefined;
  #onFailure: (error: MillraceError) => void = () => {};

  constructor(writer: SinkWriter<T>, rejected: RejectedHandler) {
    this.#writer = writer;
    this.#rejected = rejected;
    this.#watch();
  }

  /** Calls back once the sink has failed. */
  onFailure(callback: (error: MillraceError) => void): void {
    this.#onFailure = callback;
    if (this.#failure !== undefined) callback(this.#failure);
  }

  /** Resolves when the sink has taken all, with the number to give to `whenDelivered`. One call at a time. */
  async write(items: readonly T[]): Promise<number> {
    await this.#letters;
    for (let rest = items; rest.length > 0; ) {
      this.#check();
      const taken = this.#attempt(() => this.#writer.write(rest));
      this.#written += taken;
      // before the wait for room, which comes only when what was taken goes out
      this.#planFlush();
      rest = rest.slice(taken);
      if (rest.length > 0) await this.#changed();
    }
    return this.#written;
  }

  /** Resolves when the first `count` items are delivered, and the letters of those given up too. */
  async whenDelivered(count = this.#written): Promise<void> {
    while (this.#delivered < count) {
      await this.#changed();
    }
    await this.#letters;
    this.#check();
  }

  /** Fails it from outside and closes the writer. */
  fail(error: MillraceError): void {
    this.#fail(error);
    void this.close();
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Closes without waiting for delivery. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = this.#close();
      // told to whoever asked for it; where nobody did (an abort) there is nobody to tell
      this.#closing.catch(() => {});
    }
    return this.#closing;
  }

  /** Everybody waits for the same change, and looks again: it may have been another's. */
  #changed(): Promise<void> {
    this.#check();
    return this.#change.wait();
  }

  async #close(): Promise<void> {
    this.onClose();
    this.#failure ??= new MillraceError('INVALID_STATE', 'the sink is closed');
    this.#change.fail(this.#failure);
    await this.#writer.close();
    await this.#rejected.close();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #attempt<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** One flush for all the writes of a turn. */
  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flushPlanned = false;
      if (this.#failure !== undefined) return;
      try {
        this.#writer.flush();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** One `ready` at a time (rule 4 of `SinkWriter`), from the opening to the end. */
  #watch(): void {
    this.#writer.ready().then(
      () => this.#handleReady(),
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  #handleReady(): void {
    // a `ready` that settles late; the writer must not be asked any more
    if (this.closed) return;
    try {
      this.#takeProgress();
    } catch (error) {
      this.#fail(error);
      return;
    }
    // behind the progress, which is what the others wait for
    this.#change.notify();
    this.#watch();
  }

  #takeProgress(): void {
    const { delivered, rejected } = this.#writer.progress();
    this.#delivered = delivered;
    if (rejected.length === 0) return;
    const handled = this.#rejected.handle(rejected.map(({ letter }) => letter));
    const all = Promise.all([this.#letters, handled]).then(() => {});
    // told to whoever waits next: a letter that cannot be delivered fails the sink
    all.catch((error: unknown) => this.#fail(error));
    this.#letters = all;
  }

  #fail(error: unknown): MillraceError {
    if (this.#failure !== undefined) return this.#failure;
    const failure = MillraceError.from(error);
    this.#failure = failure;
    this.#change.fail(failure);
    this.#onFailure(failure);
    return failure;
  }
}
