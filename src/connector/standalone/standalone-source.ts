import { MillraceError } from '../../errors/millrace-error.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { WakeUpLatch } from '../../internal/wake-up-latch.js';
import { checkOwnClaims } from '../check-claims.js';
import { openReader } from '../guards/guarded-reader.js';
import { LowWaterMark, type MarkEntry } from '../low-water-mark.js';
import type { SourceDefinition } from '../source.js';
import type { Polled, SourceReader } from '../source-reader.js';
import { closingIterator } from './closing-iterator.js';
import { checkOpenOptions, type OpenOptions } from './open-options.js';
import { openOrClose, openRejectedHandler } from './open-rejected-handler.js';
import type { OpenSource, Received, ReceivedBatch } from './open-source.js';
import type { RejectedHandler } from './rejected-handler.js';
import { openedOr, standaloneContext, standaloneWarnings } from './standalone-context.js';

/** How many items are asked for at once. */
const BATCH_ITEMS = 256;
/** With so many items given out and not acknowledged, the iteration waits for acknowledgements. */
const MAX_UNACKNOWLEDGED = 16_384;

/** Items with what completes each of them; without a guarantee there is nothing to complete. */
interface Batch<T> {
  readonly items: readonly T[];
  readonly entries: readonly MarkEntry[];
}

/**
 * A source read by promises. Items are acknowledged in any order; the source is told the end of the complete prefix, once per
 * turn of the event loop.
 *
 * It keeps to the rules of `SourceReader` as an engine does. What is told as durable is so by the caller's word: `ack` means that nothing
 * of the item can be lost any more. One that has ended stays open until the last acknowledgement; whoever wants no more of it closes it.
 */
class StandaloneSource<T> implements OpenSource<T> {
  /** Called when it closes. */
  onClose: () => void = () => {};
  readonly #reader: SourceReader<T>;
  /** A rejected input is acknowledged when its letter is dealt with. */
  readonly #rejected: RejectedHandler;
  /** The guarantee `none`: acknowledged when received, so nobody need call `ack`. */
  readonly #acknowledgeOnReceipt: boolean;
  /** One entry for each item that was given out, and one for the end of each poll. */
  readonly #mark = new LowWaterMark();
  /** Wakes the iteration: something has arrived, was acknowledged, or has failed. */
  readonly #latch = new WakeUpLatch();
  /** Up to where the source may acknowledge; before the first poll it has nothing to. */
  #upTo: number | undefined;
  /** Whether a `ready` is pending: there is one at a time (rule 2 of `SourceReader`). */
  #asking = false;
  /** Nothing more is polled; acknowledgements may still come. */
  #ended = false;
  /** One commit for all acknowledgements of a turn. */
  #commitPlanned = false;
  /** Two iterations would take each other's items. */
  #iterated = false;
  /** Thrown by the iteration, behind the items that were given out before. */
  #failure: MillraceError | undefined;
  #closing: Promise<void> | undefined;

  constructor(reader: SourceReader<T>, rejected: RejectedHandler, acknowledgeOnReceipt: boolean) {
    this.#reader = reader;
    this.#rejected = rejected;
    this.#acknowledgeOnReceipt = acknowledgeOnReceipt;
    void reader.failed?.then((error) => this.fail(error));
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Received<T>, void, void> {
    return closingIterator(this.#items(), () => this.close());
  }

  batches(): AsyncIterableIterator<ReceivedBatch<T>, void, void> {
    return closingIterator(this.#batches(), () => this.close());
  }

  async *#items(): AsyncGenerator<Received<T>, void, void> {
    for await (const { items, entries } of this.#read()) {
      for (const [index, item] of items.entries()) yield { item, ack: () => this.#complete(entries[index]) };
    }
  }

  async *#batches(): AsyncGenerator<ReceivedBatch<T>, void, void> {
    for await (const { items, entries } of this.#read()) {
      const ack = (): void => {
        for (const entry of entries) this.#complete(entry);
      };
      yield { items, ack };
    }
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = this.#close();
      // told to whoever asked for it; where nobody did (an abort) there is nobody to tell
      this.#closing.catch(() => {});
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends the iteration with an error and closes. */
  fail(error: MillraceError): void {
    this.#failure ??= error;
    this.#latch.wake();
    void this.close();
  }

  async *#read(): AsyncGenerator<Batch<T>, void, void> {
    if (this.#iterated) throw new MillraceError('INVALID_STATE', 'an open source can be iterated once');
    this.#iterated = true;
    let reachedEnd = false;
    try {
      while (!this.#ended) {
        const batch = await this.#next();
        if (batch.items.length > 0) yield batch;
      }
      reachedEnd = true;
    } catch (error) {
      this.#failure ??= MillraceError.from(error);
    } finally {
      // a source that has ended stays open for the acknowledgements that are still to come
      if (!reachedEnd || this.#mark.size === 0) await this.close();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** One poll, or one wait. */
  async #next(): Promise<Batch<T>> {
    if (this.#mark.size >= MAX_UNACKNOWLEDGED) {
      await this.#latch.wait();
      return NOTHING;
    }
    const polled = this.#reader.poll(BATCH_ITEMS);
    // positions may begin anywhere: until something is acknowledged, that is all up to where the first poll began
    this.#upTo ??= polled.first - 1;
    this.#ended = polled.done;
    if (polled.last >= polled.first) return this.#track(polled);
    // there may be something to commit without an item: of an MQTT source a PUBREL, whose PUBCOMP its broker waits for (R3)
    this.#commit();
    this.#ask();
    if (!polled.done) await this.#latch.wait();
    return NOTHING;
  }

  /**
   * Where positions without an item are not named, an item stands at its number or above, so counting on from the first is safe:
   * the mark never passes an item that is not acknowledged.
   */
  async #track({ items, rejected, first, last }: Polled<T>): Promise<Batch<T>> {
    if (this.#acknowledgeOnReceipt) {
      this.#upTo = last;
      this.#commit();
      if (rejected.length > 0) await this.#rejected.handle(rejected.map(({ letter }) => letter));
      return { items, entries: [] };
    }
    const letters = new Map(rejected.map(({ position, letter }) => [position, letter]));
    const entries: MarkEntry[] = [];
    const rejectedEntries: MarkEntry[] = [];
    for (let position = first; position <= last && entries.length < items.length; position += 1) {
      (letters.has(position) ? rejectedEntries : entries).push(this.#mark.open(position));
    }
    // so that positions behind the last item, which need no acknowledgement, are passed as well
    const tail = this.#mark.open(last);
    if (rejected.length > 0) await this.#rejected.handle(rejected.map(({ letter }) => letter));
    for (const entry of [...rejectedEntries, tail]) this.#complete(entry);
    return { items, entries };
  }

  #complete(entry: MarkEntry | undefined): void {
    // an acknowledgement that comes after the end is for nobody: the message comes again
    if (entry === undefined || this.#closing !== undefined || !this.#mark.complete(entry)) return;
    this.#upTo = this.#mark.value ?? this.#upTo;
    this.#latch.wake();
    if (this.#commitPlanned) return;
    this.#commitPlanned = true;
    queueMicrotask(() => this.#commitPlan());
  }

  /** After the last acknowledgement of a source that has ended, it closes by itself. */
  #commitPlan(): void {
    this.#commitPlanned = false;
    if (this.#closing !== undefined) return;
    try {
      this.#commit();
      if (this.#ended && this.#mark.size === 0) void this.close();
    } catch (error) {
      this.fail(MillraceError.from(error));
    }
  }

  #commit(): void {
    if (this.#upTo !== undefined) this.#reader.committed(this.#reader.snapshot(this.#upTo).mark);
  }

  /** Only after a poll that gave nothing: before that the source is ready. */
  #ask(): void {
    if (this.#asking || this.#ended) return;
    this.#asking = true;
    this.#reader.ready().then(
      () => {
        this.#asking = false;
        this.#latch.wake();
      },
      (error: unknown) => this.fail(MillraceError.from(error)),
    );
  }

  async #close(): Promise<void> {
    try {
      // what was acknowledged in this turn must not come again
      if (this.#commitPlanned) this.#commit();
    } finally {
      this.#ended = true;
      this.#latch.wake();
      this.onClose();
      await this.#reader.close();
      await this.#rejected.close();
    }
  }
}

const NOTHING = { items: [], entries: [] } as const;

/** Opens a source for iteration. Aborting the signal closes it and ends the iteration with ABORTED. */
export const openSource = async <T>(definition: SourceDefinition<T>, given: OpenOptions): Promise<OpenSource<T>> => {
  const options = checkOpenOptions(`source "${definition.name}"`, given);
  const { signal } = options;
  signal?.throwIfAborted();
  checkOwnClaims(definition);
  const context = standaloneContext(definition.defaultGuarantee, options);
  const warnings = standaloneWarnings('source', definition.name, options);
  const { reader, rejected } = await openedOr(warnings, async () => {
    const rejected = await openRejectedHandler(definition.onError, context, definition.name);
    const reader = await openOrClose(rejected, () =>
      openReader(definition.name, () => definition.createReader(context)),
    );
    return { reader, rejected };
  });
  const source = new StandaloneSource(reader, rejected, context.guarantee === 'none');
  const forget = whenAborted(signal, () => {
    warnings?.[Symbol.dispose]();
    source.fail(new MillraceError('ABORTED', `source "${definition.name}" was aborted`, { cause: signal?.reason }));
  });
  source.onClose = () => {
    forget();
    warnings?.[Symbol.dispose]();
  };
  return source;
};
