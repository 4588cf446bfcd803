import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../errors/millrace-error.js';
import { Readiness } from '../../internal/readiness.js';
import { letterOfItem } from '../letter-of-item.js';
import type { OpenContext } from '../open-context.js';
import { Retries, type RetryRules } from '../retry/retries.js';
import type { OnError } from '../sink.js';
import type { RejectedItem, SinkProgress, SinkWriter } from '../sink-writer.js';
import { type BlamedItem, ItemDelivery, type RunObserver } from './item-delivery.js';
import { LiveContext } from './live-context.js';
import type { SinkFunctions } from './sink-functions.js';

/** How long `close` waits for the call under way. */
const CLOSE_WAIT_MS = 1000;
/**
 * What is delivered is told so often in the middle of a run, so that little comes again after a crash: a run of slow calls takes long. Not
 * with each item, for that wakes the engine.
 */
const TELL_MS = 10;
/** How many items may be taken and not delivered, at least. */
const WINDOW = 1024;

/** A sink of the user's own, with its defaults. */
export interface BuilderSink<C, T> extends SinkFunctions<C, T>, RetryRules {
  /** For errors and metrics, and the key of its outbox. */
  readonly name: string;
  /** Of an item that cannot pass. Default `fail`. */
  readonly onError: OnError;
  /** Of `receiveBatchFn`. */
  readonly maxBatchSize: number;
  /** Of one call of a function; Infinity: as long as it takes. */
  readonly timeoutMs: number;
}

/**
 * Drives the functions of a `SinkBuilder`. One run is under way at a time: receive each item that waits, then flush. So the functions need
 * no lock of their own, and items are delivered in their order. While a failed call is tried again the run goes on, so what comes waits
 * here up to the window, and then at its source.
 *
 * WR1. What is delivered is a prefix of what was taken: nothing is begun behind an item that has failed the sink.
 * WR2. An item that is given up is told with the prefix that it ends, never before and never after.
 * WR3. It ends: a call that hangs is waited for a second at `close`, a wait before a retry not at all. What was not delivered then is not
 *      acknowledged, or stays in its outbox.
 */
export class BuilderWriter<C, T> implements SinkWriter<T> {
  readonly #sink: BuilderSink<C, T>;
  readonly #context: LiveContext<C>;
  readonly #delivery: ItemDelivery<C, T>;
  readonly #stop = new AbortController();
  /** Two batches: one is received while the next one fills. */
  readonly #window: number;
  /** The seq of the first item; undefined in a job without a store. */
  readonly #firstSeq: number | undefined;
  /** Taken, and not of the run under way. */
  #queue: T[] = [];
  /** The run under way, and the number of its first item. */
  #run: { readonly items: readonly T[]; readonly first: number } = { items: [], first: 0 };
  #written = 0;
  /** Delivered or given up. */
  #delivered = 0;
  /** Given up since the last `progress`. */
  #rejected: RejectedItem[] = [];
  /** By `performance.now()`: when a run under way last told what is delivered. */
  #toldAtMs = 0;
  /** What the last `progress` said: `ready` resolves when there is more. */
  #reported = 0;
  /** Whether a write took less than all since `ready` resolved last. */
  #refused = false;
  /** Never rejects: what fails is kept, and told by the next call. */
  #running: Promise<void> | undefined;
  #failure: MillraceError | undefined;
  readonly #readiness = new Readiness();
  #closing: Promise<void> | undefined;
  readonly #observer: RunObserver = {
    delivered: (count, waited) => this.#handleDelivered(count, waited),
    givenUp: (item) => this.#giveUp(item),
    waiting: () => this.#tell(),
  };

  /** Resolves when `createFn` has made a context. `firstSeq`: of the first item; undefined in a job without a store. */
  static async open<C, T>(
    sink: BuilderSink<C, T>,
    open: OpenContext,
    firstSeq: number | undefined,
  ): Promise<BuilderWriter<C, T>> {
    const { job, metrics, signal } = open;
    const retries = new Retries({ kind: 'sink', name: sink.name, job, metrics }, sink);
    const context = new LiveContext(sink, open, retries);
    await context.make(signal);
    return new BuilderWriter(sink, { context, retries, firstSeq });
  }

  private constructor(
    sink: BuilderSink<C, T>,
    parts: { context: LiveContext<C>; retries: Retries; firstSeq: number | undefined },
  ) {
    const { context, retries } = parts;
    const { maxBatchSize, timeoutMs, onError } = sink;
    this.#sink = sink;
    this.#context = context;
    this.#firstSeq = parts.firstSeq;
    this.#window = Math.max(WINDOW, 2 * maxBatchSize);
    const failsAtItem = onError === 'fail';
    const { signal: stop } = this.#stop;
    this.#delivery = new ItemDelivery({
      functions: sink,
      context,
      retries,
      maxBatchSize,
      timeoutMs,
      failsAtItem,
      stop,
    });
  }

  write(items: readonly T[]): number {
    this.#check();
    const room = this.#window - (this.#written - this.#delivered);
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
    const running = this.#deliver().finally(() => {
      this.#running = undefined;
      this.#tell();
      // what came meanwhile: the engine may have nothing more to write, and then flushes no more
      this.flush();
    });
    this.#running = running;
  }

  progress(): SinkProgress {
    this.#reported = this.#delivered;
    const rejected = this.#rejected;
    this.#rejected = [];
    return { delivered: this.#delivered, rejected };
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

  #handleDelivered(count: number, waited: boolean): void {
    this.#delivered += count;
    if (!waited) return;
    const now = performance.now();
    if (now - this.#toldAtMs < TELL_MS) return;
    this.#toldAtMs = now;
    this.#tell();
  }

  /** Reported with the prefix that it ends, so that a commit has both or neither: after a crash it comes again, or has its letter. */
  #giveUp({ place, attempt, error }: BlamedItem): void {
    const { name, onError } = this.#sink;
    if (onError === 'fail') throw error;
    const { items, first } = this.#run;
    const letter = letterOfItem({ item: items[place], error, attempt, origin: name });
    this.#rejected.push({ index: first + place, letter });
    this.#delivered += 1;
    this.#tell();
  }

  async #deliver(): Promise<void> {
    const items = this.#queue;
    const first = this.#delivered;
    this.#queue = [];
    this.#run = { items, first };
    this.#toldAtMs = performance.now();
    const firstSeq = this.#firstSeq === undefined ? undefined : this.#firstSeq + first;
    try {
      await this.#delivery.deliver(items, firstSeq, this.#observer);
    } catch (error) {
      // what a stopped delivery fails with is told to nobody
      if (!this.#stop.signal.aborted) this.#failure = MillraceError.from(error);
    }
  }

  /** Settles `ready` when there is something to say. */
  #tell(): void {
    const room = this.#refused && this.#written - this.#delivered < this.#window;
    if (!this.#readiness.awaited) return;
    if (this.#failure !== undefined) this.#readiness.fail(this.#failure);
    else if (room || this.#delivered !== this.#reported) this.#readiness.notify();
    else return;
    // whoever writes finds out anew whether there is room
    this.#refused = false;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new MillraceError('INVALID_STATE', `sink "${this.#sink.name}" is closed`);
  }

  /** A call that hangs must not keep the job from ending; a wait before a retry ends at once. */
  async #close(): Promise<void> {
    this.#stop.abort();
    const waited = new AbortController();
    const atMost = delay(CLOSE_WAIT_MS, undefined, { signal: waited.signal }).catch(() => {});
    await Promise.race([this.#running, atMost]);
    waited.abort();
    await this.#context.close();
  }
}
