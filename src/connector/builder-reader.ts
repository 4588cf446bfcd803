import { MillraceError } from '../errors/millrace-error.js';
import { abortableWait } from '../internal/abortable-wait.js';
import { Fifo } from '../internal/fifo.js';
import type { Polled, SourceReader, SourceSnapshot } from './source.js';
import { ItemBuffer } from './source-buffer.js';
import type { SourceFunctions } from './source-functions.js';

const IDLE_MS = 10;

/** The state of the user's source after the fill whose last item stands at `last`. */
interface FillState {
  readonly last: number;
  readonly state: unknown;
}

/** Drives the functions of a `SourceBuilder`. At most one fill is under way, and only while the buffer is empty. */
export class BuilderReader<C, T> implements SourceReader<T> {
  readonly #name: string;
  readonly #context: C;
  readonly #functions: SourceFunctions<C, T>;
  readonly #buffer = new ItemBuffer<T>();
  readonly #states = new Fifo<FillState>();
  readonly #stop = new AbortController();
  #state: unknown;
  #next = 0;
  #filling: Promise<void> | undefined;
  #failure: MillraceError | undefined;
  #closing: Promise<void> | undefined;

  constructor(name: string, context: C, functions: SourceFunctions<C, T>) {
    this.#name = name;
    this.#context = context;
    this.#functions = functions;
  }

  poll(max: number): Polled<T> {
    if (this.#buffer.size === 0) this.#fill();
    if (this.#buffer.size === 0 && this.#failure !== undefined) throw this.#failure;
    const first = this.#next;
    // while a fill is under way its items belong to a state that is not known yet
    const { items, bytes } = this.#filling === undefined ? this.#buffer.take(max) : { items: [], bytes: 0 };
    this.#next += items.length;
    const done = this.#over && this.#buffer.size === 0 && this.#filling === undefined;
    return { items, timestampMs: Date.now(), first, last: this.#next - 1, bytes, rejected: [], done };
  }

  async ready(): Promise<void> {
    while (this.#buffer.size === 0 && !this.#over) {
      if (this.#filling === undefined) {
        await abortableWait(IDLE_MS, this.#stop.signal);
        this.#fill();
      }
      await this.#filling;
      if (this.#failure !== undefined) throw this.#failure;
    }
    await this.#filling;
  }

  snapshot(upTo: number): SourceSnapshot {
    for (let one = this.#states.peek(); one !== undefined && one.last <= upTo; one = this.#states.peek()) {
      this.#state = one.state;
      this.#states.shift();
    }
    return { mark: upTo, state: this.#state };
  }

  committed(): void {}

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #over(): boolean {
    return this.#buffer.closed || this.#closing !== undefined;
  }

  /** Fills at once where the user's function is synchronous; otherwise `#filling` settles when it has. */
  #fill(): void {
    if (this.#over || this.#filling !== undefined || this.#failure !== undefined) return;
    try {
      const filled = this.#functions.fill?.(this.#context, this.#buffer);
      if (filled === undefined) this.#keepState();
      else this.#filling = this.#await(filled);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #await(filled: PromiseLike<void>): Promise<void> {
    try {
      await filled;
      this.#keepState();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#filling = undefined;
    }
  }

  #keepState(): void {
    if (this.#functions.createSnapshot === undefined || this.#buffer.size === 0) return;
    this.#states.push({
      last: this.#next + this.#buffer.size - 1,
      state: this.#functions.createSnapshot(this.#context),
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= MillraceError.from(error, 'USER_FUNCTION_FAILED', `source "${this.#name}"`);
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    await this.#functions.destroy?.(this.#context);
  }
}
