import { MillraceError } from '../../errors/millrace-error.js';
import type { DeadLetter } from '../dead-letter.js';
import type { DurableSinkWriter, OutboxSender, Prepared, PreparedRow, RestoreOutbox } from '../durable-sink.js';
import { openWriter } from '../guards/guarded-writer.js';
import { letterOfItem } from '../letter-of-item.js';
import type { OpenContext } from '../open-context.js';
import type { OnError } from '../sink.js';
import type { RejectedItem, SinkWriter } from '../sink-writer.js';
import { encodeItem } from './item-codec.js';
import { LateWriter } from './late-writer.js';
import { WriterOutbox } from './writer-outbox.js';

/** A sink that knows nothing of stores. Every `SinkDefinition` is one. */
export interface PlainSink<in T> {
  /** For errors and letters. */
  readonly name: string;
  /** Asked where an item cannot be stored. */
  readonly onError: OnError;
  /** `firstSeq` is the seq of the first item that the writer will be given; the seqs of the next ones follow without gaps. */
  createWriter(context: OpenContext, firstSeq: number): Promise<SinkWriter<T>>;
}

/**
 * Puts an outbox before a sink that knows nothing of stores: its items are rows, stored in the commit of the inputs they come from (R7)
 * and written after it, in order, at least once. After a crash what is not known to be delivered is written again under the same seq.
 * The writer is given while the sink is still being opened: rows are made without it.
 */
export const withOutbox = async <T>(
  sink: PlainSink<T>,
  context: OpenContext,
  restore: RestoreOutbox,
): Promise<DurableSinkWriter<T>> => {
  // what lies below is delivered; so the seq of an item is the same in each process that writes it
  const { low } = restore(OUTBOX);
  const writer = new LateWriter(openWriter(sink.name, () => sink.createWriter(context, low)));
  return new EngineOutboxWriter(sink, writer, low);
};

/** It must stay: rows are stored under it, those of earlier versions too. */
const OUTBOX = 'items';

/** The two halves of a sink with an outbox: rows are made here, and given to the sink by `WriterOutbox`. */
class EngineOutboxWriter<T> implements DurableSinkWriter<T> {
  readonly opened: Promise<void>;
  readonly outboxes: readonly OutboxSender[];
  readonly #sink: PlainSink<T>;
  readonly #writer: SinkWriter<T>;
  readonly #outbox: WriterOutbox<T>;

  constructor(sink: PlainSink<T>, writer: LateWriter<T>, first: number) {
    this.opened = writer.opened;
    this.#sink = sink;
    this.#writer = writer;
    this.#outbox = new WriterOutbox(OUTBOX, writer, first);
    this.outboxes = [this.#outbox];
  }

  /** An item that cannot be stored is rejected by itself: the others of the call become rows. */
  prepare(items: readonly T[]): Prepared {
    const rows: PreparedRow[] = [];
    const rejected: RejectedItem[] = [];
    items.forEach((item, index) => {
      try {
        // as bytes at once: the pipeline may go on with the item, and change it
        rows.push({ outbox: 0, bytes: encodeItem(item) });
      } catch (thrown) {
        rejected.push({ index, letter: this.#reject(item, MillraceError.from(thrown)) });
      }
    });
    return { rows, rejected };
  }

  /** What is delivered at once is progress of this very tick. */
  flush(): void {
    this.#writer.flush();
    this.#outbox.takeProgress();
  }

  async ready(): Promise<void> {
    // what `flush` has seen already would be waited for in vain: the writer tells it once
    if (this.#outbox.takeNews()) return;
    await this.#writer.ready();
    this.#outbox.takeProgress();
    // It is told by this promise.
    this.#outbox.takeNews();
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  /** The letter has what can be shown of the item: what cannot be stored cannot be in a letter either. */
  #reject(item: T, cause: MillraceError): DeadLetter {
    const { name, onError } = this.#sink;
    const error = new MillraceError(cause.code, `sink "${name}" cannot store an item: ${cause.message}`, {
      cause,
      advice: 'Make plain data of it in a map stage before the sink.',
      details: { ...cause.details, sink: name },
    });
    // in the tick that made it: the item fails the job before its input is committed
    if (onError === 'fail') throw error;
    return letterOfItem({ item, error, attempt: 1, origin: name });
  }
}
