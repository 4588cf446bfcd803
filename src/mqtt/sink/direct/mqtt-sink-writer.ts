import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { RejectedItem, SinkProgress, SinkWriter } from '../../../connector/sink-writer.js';
import { isFunctionMistake } from '../../../errors/function-mistake.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { Readiness } from '../../../internal/readiness.js';
import type { Metrics } from '../../../metrics/metrics.js';
import { hashTopic } from '../client/hash-topic.js';
import { closeClients, openClients } from '../client/open-clients.js';
import type { SinkClient, SinkClientOwner } from '../client/sink-client.js';
import { deadLetterOf } from '../message/dead-letter-of.js';
import type { Encode } from '../message/message-encoder.js';
import { Row } from '../message/row.js';
import { SinkMeter } from '../metrics/sink-meter.js';
import { sinkMetrics } from '../metrics/sink-metrics.js';
import type { DropReason, Finding, QueueOutcome } from '../queue/queue-outcome.js';
import { CompletedPrefix } from './completed-prefix.js';

/** What a writer is made of. */
export interface WriterParts<T> {
  /** For dead letters and diagnostics. */
  readonly name: string;
  /** Throws for an item of which no message can be made: it is rejected. */
  readonly encode: Encode<T>;
  /** `onError` is `fail`: a rejected item fails the writer. */
  readonly failOnRejection: boolean;
  /** The sink's topic, for items of which `messageFn` made nothing. */
  readonly topic: string | undefined;
}

/**
 * Spreads items over the clients of a sink by their topic and reports how far they are delivered, as one number over all of
 * them. An item is taken as long as no client is over its bounds; the one that goes over stops the writer until it has room: the order
 * of a topic would suffer if later items were taken past one that found none.
 *
 * An item counts by its index from the first `write` on, and is complete once, whatever becomes of it: delivered, dropped, or rejected
 * with its letter in the same `progress` at the latest that counts it. The clients call back from `write`, `flush` and from their
 * connections' events; nothing here calls them from there but `stop`, after a failure.
 */
export class MqttSinkWriter<T> implements SinkWriter<T>, QueueOutcome, SinkClientOwner {
  readonly #parts: WriterParts<T>;
  readonly #meter: SinkMeter;
  readonly #clients: readonly SinkClient[];
  readonly #done = new CompletedPrefix();
  readonly #readiness = new Readiness();
  #rejected: RejectedItem[] = [];
  #taken = 0;
  #reported = 0;
  /** The client that was full after the last item. */
  #blockedBy: SinkClient | undefined;
  /** The last write left something over, and that there is room again has not been told. */
  #owesRoom = false;
  #failure: MillraceError | undefined;

  constructor(
    parts: WriterParts<T>,
    metrics: Metrics,
    createClients: (writer: QueueOutcome & SinkClientOwner) => readonly SinkClient[],
  ) {
    this.#parts = parts;
    this.#clients = createClients(this);
    const counters = sinkMetrics(metrics, parts.name, {
      inflight: () => this.#clients.reduce((sum, { queue }) => sum + queue.inflight, 0),
      buffered: () => this.#clients.reduce((sum, { queue }) => sum + queue.buffered, 0),
    });
    this.#meter = new SinkMeter(parts.name, counters);
  }

  /** Resolves when every client is connected; rejects with the first failure, after which all are closed. */
  open(signal: AbortSignal): Promise<void> {
    return openClients(this.#clients, signal);
  }

  write(items: readonly T[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    let count = 0;
    while (count < items.length && this.#hasRoom()) {
      // The loop condition keeps the index in bounds.
      this.#take(items[count] as T);
      count += 1;
      if (this.#failure !== undefined) throw this.#failure;
    }
    this.#owesRoom = count < items.length;
    return count;
  }

  flush(): void {
    for (const client of this.#clients) client.flush();
    // What `write` rejected or dropped is progress too.
    this.changed();
  }

  progress(): SinkProgress {
    const rejected = this.#rejected;
    if (rejected.length > 0) this.#rejected = [];
    this.#reported = this.#done.length;
    return { delivered: this.#reported, rejected };
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#takeNews() ? Promise.resolve() : this.#readiness.wait();
  }

  close(): Promise<void> {
    return closeClients(this.#clients);
  }

  /** No epoch and no window matter to rows that are nowhere else. */
  connected(): void {}

  delivered(row: Row): void {
    this.#done.complete(row.index);
    this.#meter.delivered(row);
  }

  rejected(row: Row, error: MillraceError): void {
    this.#meter.refused(row);
    this.#reject(row.index, deadLetterOf({ row, error, origin: this.#parts.name }));
  }

  dropped(row: Row, reason: DropReason): void {
    this.#done.complete(row.index);
    this.#meter.dropped(row, reason);
  }

  downgraded(row: Row): void {
    this.#meter.downgraded(row);
  }

  retried(): void {
    this.#meter.retried();
  }

  published(row: Row): void {
    this.#meter.published(row);
  }

  suspected(row: Row, finding: Finding): void {
    this.#meter.suspected(row, finding);
  }

  idsSpent(topic: string, packetId: number): void {
    this.#meter.idsSpent(topic, packetId);
  }

  stripped(row: Row): void {
    this.#meter.stripped(row);
  }

  /** A client has worked through a batch of events: there may be room or progress now. */
  changed(): void {
    if (this.#readiness.awaited && this.#takeNews()) this.#readiness.notify();
  }

  failed(error: MillraceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const client of this.#clients) client.stop();
    this.#readiness.fail(error);
  }

  /**
   * Whether there is something to tell. Progress is told until `progress` is asked, room once: or a caller with nothing to write would
   * spin.
   */
  #takeNews(): boolean {
    if (this.#done.length > this.#reported || this.#rejected.length > 0) return true;
    if (!this.#owesRoom || this.#blockedBy?.queue.full === true) return false;
    this.#owesRoom = false;
    return true;
  }

  #hasRoom(): boolean {
    if (this.#blockedBy === undefined) return true;
    if (this.#blockedBy.queue.full) this.#blockedBy.pump();
    if (this.#blockedBy.queue.full) return false;
    this.#blockedBy = undefined;
    return true;
  }

  #take(item: T): void {
    const index = this.#taken;
    this.#taken += 1;
    const row = this.#encode(item, index);
    if (row === undefined) return;
    const client = this.#clientOf(row.topic);
    client?.queue.enqueue(row);
    if (client?.queue.full) this.#blockedBy = client;
  }

  #clientOf(topic: string): SinkClient | undefined {
    return this.#clients[this.#clients.length === 1 ? 0 : hashTopic(topic) % this.#clients.length];
  }

  #encode(item: T, index: number): Row | undefined {
    try {
      return new Row(index, this.#parts.encode(item, this.#clients[0]?.version ?? 5));
    } catch (thrown) {
      const error = MillraceError.from(thrown);
      this.#meter.refused();
      this.#reject(index, deadLetterOf({ item, topic: this.#parts.topic, index, error, origin: this.#parts.name }));
      return undefined;
    }
  }

  #reject(index: number, letter: DeadLetter): void {
    if (this.#parts.failOnRejection || isFunctionMistake(letter.error)) {
      this.failed(letter.error);
      return;
    }
    this.#rejected.push({ index, letter });
    this.#done.complete(index);
  }
}
