import type { MillraceError } from '../../errors/millrace-error.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { Retries } from '../retry/retries.js';
import type { LiveContext } from './live-context.js';
import { type RunPart, RunParts } from './run-parts.js';
import type { SinkFunctions } from './sink-functions.js';
import { withinTime } from './within-time.js';

/** An item that is to blame for a failure. */
export interface BlamedItem {
  /** Its place in its run. */
  readonly place: number;
  /** How often it was tried, from 1. */
  readonly attempt: number;
  /** Of the last try. */
  readonly error: MillraceError;
}

/** What is told while a run is delivered. */
export interface RunObserver {
  /** So many more are delivered, from the front; `waited`: by a call that took its time. */
  delivered(count: number, waited: boolean): void;
  /** The first that is not through is given up. @throws what fails the sink, where it must not go on without that item */
  givenUp(item: BlamedItem): void;
  /** A wait begins: what is delivered should be told before it. */
  waiting(): void;
}

/** What the functions of a sink are called with. */
export interface ItemDeliveryOptions<C, T> {
  /** `receive` or `receiveBatch` is there: `build` has checked it. */
  readonly functions: SinkFunctions<C, T>;
  /** Made anew after a failure, but for one of `receive` that cannot pass. */
  readonly context: LiveContext<C>;
  /** When a failed call is made again. */
  readonly retries: Retries;
  /** Of `receiveBatch`. */
  readonly maxBatchSize: number;
  /** Of one call; Infinity: as long as it takes. */
  readonly timeoutMs: number;
  /** Whether a failed item ends the sink. */
  readonly failsAtItem: boolean;
  /** Ends the delivery, at once where it waits. */
  readonly stop: AbortSignal;
}

/** A call that threw, and the items that it was for. */
interface FailedCall extends RunPart {
  readonly call: string;
  readonly thrown: unknown;
}

/**
 * Delivers runs of items by the functions of a sink, one run at a time, over failures.
 *
 * DL1. An item is delivered when the function that says so has returned: `flushFn`, else the one that received it.
 * DL2. After a failure that may pass the context is dropped: what it had received and not delivered is received anew by the next one, under
 *     the same seqs. After one that cannot pass it is dropped too, unless `receiveFn` alone delivers: then no other item is in it.
 * DL3. No item is blamed for `createFn`: what ends its retries fails the sink.
 */
export class ItemDelivery<C, T> {
  readonly #options: ItemDeliveryOptions<C, T>;
  /** Failed tries since an item was through: all of them were of the first that is not. */
  #tries = 0;

  constructor(options: ItemDeliveryOptions<C, T>) {
    this.#options = options;
  }

  /** Resolves when all are through, and when it is stopped. Rejects with what fails the sink. */
  async deliver(run: readonly T[], firstSeq: number | undefined, observer: RunObserver): Promise<void> {
    const { stop } = this.#options;
    const parts = new RunParts(run.length);
    const through = (to: number, waited: boolean): void => {
      this.#tries = 0;
      this.#options.retries.over('passed');
      observer.delivered(parts.through(to), waited);
    };
    for (let part = parts.next; part !== undefined && !stop.aborted; part = parts.next) {
      const failed = await this.#try({ run, firstSeq, part, through });
      if (failed === undefined || stop.aborted) continue;
      await this.#settle(failed, parts, observer);
    }
  }

  /** Undefined when all of the part are through. */
  async #try({ run, firstSeq, part, through }: Try<T>): Promise<FailedCall | undefined> {
    const { functions, context, stop } = this.#options;
    const { context: made } = context.current ?? (await context.make(stop));
    for (let from = part.from; from < part.to; ) {
      const to = functions.receive === undefined ? Math.min(from + this.#options.maxBatchSize, part.to) : from + 1;
      const call = functions.receive === undefined ? 'receiveBatchFn' : 'receiveFn';
      let waits = false;
      try {
        const received = this.#receive(made, run, { from, to }, firstSeq);
        waits = received !== undefined;
        if (received !== undefined) await this.#inTime(received, call);
      } catch (thrown) {
        return { call, thrown, from, to };
      }
      // `destroyFn` comes next, and no call after it; what was not delivered comes again, if its source gives it again
      if (stop.aborted) return undefined;
      if (functions.flush === undefined) through(to, waits);
      from = to;
    }
    return this.#flush(made, part, through);
  }

  async #flush(made: C, part: RunPart, through: Try<T>['through']): Promise<FailedCall | undefined> {
    const { functions } = this.#options;
    if (functions.flush === undefined) return undefined;
    try {
      const flushed = functions.flush(made);
      if (flushed !== undefined) await this.#inTime(flushed, 'flushFn');
    } catch (thrown) {
      return { call: 'flushFn', thrown, ...part };
    }
    through(part.to, true);
    return undefined;
  }

  #receive(made: C, run: readonly T[], { from, to }: RunPart, firstSeq: number | undefined): void | PromiseLike<void> {
    const { functions } = this.#options;
    const seq = firstSeq === undefined ? undefined : firstSeq + from;
    // An item of the run stands at each of its places, and may be undefined.
    if (functions.receive !== undefined) return functions.receive(made, run[from] as T, seq);
    return functions.receiveBatch?.(made, run.slice(from, to), seq);
  }

  /** Nothing is put around the promise where there is no limit: this is asked for each item. */
  #inTime(called: PromiseLike<void>, call: string): PromiseLike<void> {
    const { timeoutMs, retries } = this.#options;
    if (timeoutMs === Number.POSITIVE_INFINITY) return called;
    return withinTime(called, `${call} of ${retries.part}`, timeoutMs);
  }

  async #settle({ call, thrown, ...blamed }: FailedCall, parts: RunParts, observer: RunObserver): Promise<void> {
    const { functions, context, retries, failsAtItem, stop } = this.#options;
    this.#tries += 1;
    const verdict = retries.failed(call, thrown);
    if (verdict.kind === 'again') {
      observer.waiting();
      // once may be chance
      if (this.#tries > 1) parts.shrink();
      await context.drop();
      await abortableWait(verdict.waitMs, stop);
      return;
    }
    const { kind, error } = verdict;
    // which of several it was does not matter where any of them would fail the sink, and the destination is away
    if (kind === 'misruled' || (kind === 'exhausted' && failsAtItem)) {
      retries.over('given-up');
      throw error;
    }
    if (functions.receive === undefined || functions.flush !== undefined || kind === 'exhausted') await context.drop();
    retries.beginAnew();
    if (parts.cut(blamed)) return;
    observer.givenUp({ place: blamed.from, attempt: this.#tries, error });
    retries.over('given-up');
    this.#tries = 0;
    parts.through(blamed.to);
  }
}

/** One try of a part. */
interface Try<T> {
  readonly run: readonly T[];
  readonly firstSeq: number | undefined;
  readonly part: RunPart;
  readonly through: (to: number, waited: boolean) => void;
}
