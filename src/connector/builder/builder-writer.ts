import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../errors/millrace-error.js';
import { Readiness } from '../../internal/readiness.js';
import type { SinkProgress, SinkWriter } from '../sink-writer.js';
import { destroyContext } from './destroy-context.js';
import type { SinkFunctions } from './sink-functions.js';

/** How long `close` waits for the call under way. */
const CLOSE_WAIT_MS = 1000;
/** How many items may wait for `receiveFn`. */
const WINDOW = 1024;

/** What a writer is made of. */
export interface BuilderWriterParts<C, T> {
  readonly name: string;
  /** What `createFn` made; `close` destroys it. */
  readonly context: C;
  /** `receive` is there: `build` has checked it. */
  readonly functions: SinkFunctions<C, T>;
  /** The seq of the first item; undefined in a job without a store. */
  readonly firstSeq: number | undefined;
}

/**
 * Drives the functions of a `SinkBuilder`. One run is under way at a time: receive each item that waits, then flush. So the functions need
 * no lock of their own, and items are delivered in their order. What one of them throws fails the sink for good.
 */
export class BuilderWriter<C, T> implements SinkWriter<T> {
  readonly #name: string;
  readonly #context: C;
  readonly #functions: SinkFunctions<C, T>;
  /** The seq of the item that `receiveFn` gets next; undefined in a job without a store. */
  #seq: number | undefined;
  /** Taken, and not of the run under way. */
  #queue: T[] = [];
  #written = 0;
  #delivered = 0;
  /** What the last `progress` said: `ready` resolves when there is more. */
  #reported = 0;
  /** Whether a write took less than all since `ready` resolved last. */
  #refused = false;
  /** Never rejects: what fails is kept, and told by the next call. */
  #running: Promise<void> | undefined;
  #failure: MillraceError | undefined;
  readonly #readiness = new Readiness();
  #closing: Promise<void> | undefined;

  constructor(parts: BuilderWriterParts<C, T>) {
    this.#name = parts.name;
    this.#context = parts.context;
    this.#functions = parts.functions;
    this.#seq = parts.firstSeq;
  }

  write(items: readonly T[]): number {
    this.#check();
    const room = WINDOW - (this.#written - this.#delivered);
    const taken = items.slice(0, Math.max(0, room));
    for (const item of taken) this.#queue.push(item);
    this.#written += taken.length;
    if (taken.length < items.length) this.#refused = true;
    return taken.length;
  }

  flush(): void {
    // a failed item is delivered by none that comes after it: `progress` counts from the first, without gaps
    const over = this.#failure !== undefined || this.#closing !== undefined;
    if (over || this.#queue.length === 0 || this.#running !== undefined) return;
    const running = this.#run().finally(() => {
      this.#running = undefined;
      this.#tell();
      // what came meanwhile: the engine may have nothing more to write, and then flushes no more
      this.flush();
    });
    this.#running = running;
  }

  progress(): SinkProgress {
    this.#reported = this.#delivered;
    return { delivered: this.#delivered, rejected: [] };
  }

  ready(): Promise<void> {
    // first, so that what is there already is told to it
    const promise = this.#readiness.wait();
    this.#tell();
    return promise;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const items = this.#queue;
    this.#queue = [];
    try {
      for (const item of items) {
        const received = this.#functions.receive?.(this.#context, item, this.#seq);
        if (this.#seq !== undefined) this.#seq += 1;
        if (received !== undefined) await received;
        // `destroyFn` comes next, and no call after it; what was not delivered comes again, if its source gives it again
        if (this.#closing !== undefined) return;
        if (this.#functions.flush === undefined) this.#delivered += 1;
      }
      if (this.#functions.flush === undefined) return;
      await this.#functions.flush(this.#context);
      // all at once: `flushFn` says it of the run, and of no item alone
      this.#delivered += items.length;
    } catch (error) {
      this.#failure = MillraceError.from(error, 'USER_FUNCTION_FAILED', `sink "${this.#name}"`);
    }
  }

  /** Settles `ready` when there is something to say. */
  #tell(): void {
    const room = this.#refused && this.#written - this.#delivered < WINDOW;
    if (!this.#readiness.awaited) return;
    if (this.#failure !== undefined) this.#readiness.fail(this.#failure);
    else if (room || this.#delivered !== this.#reported) this.#readiness.notify();
    else return;
    // whoever writes finds out anew whether there is room
    this.#refused = false;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new MillraceError('INVALID_STATE', `sink "${this.#name}" is closed`);
  }

  /** A call that hangs must not keep the job from ending. */
  async #close(): Promise<void> {
    const waited = new AbortController();
    const atMost = delay(CLOSE_WAIT_MS, undefined, { signal: waited.signal }).catch(() => {});
    await Promise.race([this.#running, atMost]);
    waited.abort();
    await destroyContext(`sink "${this.#name}"`, this.#functions, this.#context);
  }
}
