import type { Prepared, PreparedRow, RestoreOutbox } from '../../connector/durable-sink.js';
import { letterOfItem } from '../../connector/letter-of-item.js';
import type { PartitionOf } from '../../connector/open-context.js';
import type { OnError } from '../../connector/sink.js';
import type { RejectedItem } from '../../connector/sink-writer.js';
import { MillraceError } from '../../errors/index.js';
import { isCount } from '../../internal/is-count.js';
import { Readiness } from '../../internal/readiness.js';
import { DeadlineTimer } from '../../internal/waiting/deadline-timer.js';
import type { Metrics } from '../../metrics/metrics.js';
import type { AnyDurableSinkWriter } from '../../pipeline/any-sink.js';
import { endRow } from './edge/row-kind.js';
import { windowBytes } from './edge-limits.js';
import { type EdgeMail, openMail, STAMP_BYTES } from './edge-mail.js';
import type { Edges } from './edges.js';
import { ExchangeOutbox, type ExchangeOutboxState } from './exchange-outbox.js';
import { freshId } from './fresh-id.js';
import type { Generation } from './generation.js';
import { RoutedItem, RoutedTime } from './routed-item.js';
import { encodeRow } from './row-codec.js';
import { encodeTimedRow, encodeTimeRow } from './timed-row-codec.js';

export interface ExchangeWriterOptions {
  /** Of the exchange. */
  readonly name: string;
  readonly job: string;
  /** Where it counts what it drops. */
  readonly metrics: Metrics;
  /** Of the grouping, for messages. */
  readonly grouping: string;
  /** What is done with an item that cannot be stored. */
  readonly onError: OnError;
  readonly edges: Edges;
  /** Of the job. */
  readonly generation: Generation;
  /** The one that it sends for. */
  readonly partition: PartitionOf;
  readonly restore: RestoreOutbox;
}

/** Sends the items of one partition to the partitions of their keys. It has an outbox for each of them, its own among them. */
export class ExchangeWriter implements AnyDurableSinkWriter {
  readonly outboxes: readonly ExchangeOutbox[];
  readonly #options: ExchangeWriterOptions;
  readonly #mail: EdgeMail;
  readonly #timer = new DeadlineTimer(() => this.#send());
  readonly #readiness = new Readiness();
  readonly #stopListening: () => void;
  #unsubscribe: () => void = () => {};
  #failure: MillraceError | undefined;
  #isClosed = false;

  /** Resolves when what receivers say is heard. */
  static async open(options: ExchangeWriterOptions): Promise<ExchangeWriter> {
    const writer = new ExchangeWriter(options);
    const { name, edges, partition } = options;
    writer.#unsubscribe = await edges.subscribe(
      { exchange: name, kind: 'status', partition: partition.index },
      { onMessage: (bytes) => writer.#hear(bytes), onFailed: (error) => writer.#fail(error) },
    );
    return writer;
  }

  private constructor(options: ExchangeWriterOptions) {
    this.#options = options;
    this.#mail = openMail(options);
    const { partition, restore, generation } = options;
    // an end of it may be wanted
    this.#stopListening = generation.onChange(() => this.#readiness.notify());
    const window = windowBytes(partition.count);
    this.outboxes = Array.from({ length: partition.count }, (_, to) => {
      const { state, low, end } = restore(String(to));
      return new ExchangeOutbox({ to, from: partition.index, ...readState(state), low, end, windowBytes: window });
    });
  }

  prepare(items: readonly unknown[]): Prepared {
    const rows: PreparedRow[] = [];
    const rejected: RejectedItem[] = [];
    const { index: from } = this.#options.partition;
    items.forEach((routed, index) => {
      if (routed instanceof RoutedTime) {
        rows.push({ outbox: routed.partition, bytes: encodeTimeRow(from, routed.time) });
        return;
      }
      if (!(routed instanceof RoutedItem))
        throw new MillraceError('INTERNAL', 'an item of an exchange has no partition');
      try {
        const { time, item } = routed;
        const bytes = time === undefined ? encodeRow(item) : encodeTimedRow(from, time, item);
        rows.push({ outbox: routed.partition, bytes });
      } catch (thrown) {
        rejected.push({ index, letter: this.#reject(routed.item, MillraceError.from(thrown)) });
      }
    });
    return { rows, rejected };
  }

  end(): readonly PreparedRow[] {
    const { now } = this.#options.generation;
    return this.outboxes.flatMap((outbox, to) => (outbox.wantsEnd(now) ? [{ outbox: to, bytes: endRow(now) }] : []));
  }

  flush(): void {
    if (this.#failure === undefined) this.#send();
  }

  ready(): Promise<void> {
    return this.#failure === undefined ? this.#readiness.wait() : Promise.reject(this.#failure);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.stop();
    this.#stopListening();
    this.#unsubscribe();
  }

  #send(): void {
    if (this.#isClosed) return;
    const { name, edges } = this.#options;
    const now = performance.now();
    let deadline = Number.POSITIVE_INFINITY;
    for (const [partition, outbox] of this.outboxes.entries()) {
      // asked each time: servers may change it
      for (const message of outbox.take(now, edges.maxMessageBytes - STAMP_BYTES))
        edges.publish({ exchange: name, kind: 'rows', partition }, this.#mail.seal(message));
      deadline = Math.min(deadline, outbox.deadline());
    }
    this.#timer.set(deadline);
  }

  #hear(bytes: Uint8Array): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    try {
      const message = this.#mail.open(bytes);
      if (message?.type !== 'status') return;
      this.outboxes[message.to]?.handleStatus(message, performance.now());
    } catch (error) {
      return void this.#fail(MillraceError.from(error));
    }
    this.#send();
    // there is room, or something to commit
    this.#readiness.notify();
  }

  #fail(error: MillraceError): void {
    this.#failure ??= error;
    for (const outbox of this.outboxes) outbox.fail(this.#failure);
    this.#timer.stop();
    this.#readiness.fail(this.#failure);
  }

  #reject(item: unknown, cause: MillraceError): ReturnType<typeof letterOfItem> {
    const { grouping, onError } = this.#options;
    const error = new MillraceError(
      cause.code,
      `stage "${grouping}" cannot send an item to the partition of its key: ${cause.message}`,
      {
        cause,
        advice: 'Make plain data of it in a map stage before the groupingKey.',
        details: { ...cause.details, stage: grouping },
      },
    );
    // in the tick that made it: the item fails the job before its input is committed
    if (onError === 'fail') throw error;
    return letterOfItem({ item, error, attempt: 1, origin: grouping });
  }
}

/** One of a first start has a name of its own. */
const readState = (state: unknown): ExchangeOutboxState => {
  const { outbox, ended } = Object(state);
  return { outbox: isCount(outbox) ? outbox : freshId(), ended: isCount(ended) ? ended : 0 };
};
