import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { DurableSinkWriter, OutboxSender, Prepared, PreparedRow } from '../../../connector/durable-sink.js';
import type { RejectedItem } from '../../../connector/sink-writer.js';
import { isFunctionMistake } from '../../../errors/function-mistake.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { Readiness } from '../../../internal/readiness.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { Metrics } from '../../../metrics/metrics.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import { hashTopic } from '../client/hash-topic.js';
import { closeClients, openClients } from '../client/open-clients.js';
import type { SinkClient } from '../client/sink-client.js';
import { deadLetterOf } from '../message/dead-letter-of.js';
import type { Encode } from '../message/message-encoder.js';
import { Row, type RowContent } from '../message/row.js';
import { SinkMeter } from '../metrics/sink-meter.js';
import { sinkMetrics } from '../metrics/sink-metrics.js';
import type { OutboxClient, OutboxClientOwner } from './outbox-client.js';
import { type OutboxMetrics, outboxMetrics } from './outbox-metrics.js';
import type { MqttOutboxSender } from './sender/mqtt-outbox-sender.js';
import type { RowCodec } from './sender/row-codec.js';

/** What a writer is made of. */
export interface OutboxWriterParts<T> {
  /** For dead letters, metrics and diagnostics. */
  readonly name: string;
  /** Throws for an item of which no message can be made: it is rejected. */
  readonly encode: Encode<T>;
  /** The same that the senders decode by. */
  readonly codec: RowCodec;
  /** The least QoS that a message may have (R16). */
  readonly leastQos: QualityOfService;
  /** `onError` is `fail`: a rejected item fails the writer. */
  readonly failOnRejection: boolean;
  /** The sink's topic, for items of which `messageFn` made nothing. */
  readonly topic: string | undefined;
}

/**
 * Spreads the rows of a sink over the outboxes of its clients by their topic. A message is made and judged in `prepare`, before it is
 * stored: what can be known of it without a broker must not fail behind a commit. From then on the engine and the senders deal with its
 * bytes; the writer counts, makes the letters of refused rows, and fails all senders when one fails.
 *
 * The senders call back in the middle of what they do (`refused`, `downgraded`, `failed`): from there they are only stopped. News is asked
 * of them in `ready` and after each `changed`, never pushed, so that many events make one wake-up of the engine.
 */
export class MqttOutboxWriter<T> implements DurableSinkWriter<T>, OutboxClientOwner {
  /** Resolves when every client is connected; rejects with the first failure, after which all are closed. */
  readonly opened: Promise<void>;
  readonly meter: SinkMeter;
  readonly counters: OutboxMetrics;
  readonly #parts: OutboxWriterParts<T>;
  /** A topic always has the same one (`hashTopic`), so that its order holds. */
  readonly #clients: readonly OutboxClient[];
  readonly #readiness = new Readiness();
  /** Items seen ever: letters name their item by it. */
  #prepared = 0;
  #failure: MillraceError | undefined;

  constructor(
    parts: OutboxWriterParts<T>,
    metrics: Metrics,
    createClients: (owner: OutboxClientOwner) => readonly OutboxClient[],
    signal: AbortSignal,
  ) {
    const { name } = parts;
    this.#parts = parts;
    const counters = sinkMetrics(metrics, name, {
      inflight: () => this.#sum(({ queue }) => queue.inflight),
      buffered: () => this.#sum(({ queue }) => queue.buffered),
    });
    this.meter = new SinkMeter(name, counters);
    this.counters = outboxMetrics(metrics, name, {
      unreleased: () => this.#sum(({ unreleased }) => unreleased),
    });
    // after meter and counters, with which a client begins
    this.#clients = createClients(this);
    this.opened = openClients(this.#sinkClients, signal);
    // whoever does not wait for it is told by `ready`
    this.opened.catch((error: unknown) => this.failed(MillraceError.from(error)));
  }

  /** In the order by which a prepared row names its own. */
  get outboxes(): readonly OutboxSender[] {
    return this.#clients;
  }

  prepare(items: readonly T[]): Prepared {
    if (this.#failure !== undefined) throw this.#failure;
    const rows: PreparedRow[] = [];
    const rejected: RejectedItem[] = [];
    // any client's: all speak to the same servers
    const version = this.#clients[0]?.client.version ?? 5;
    items.forEach((item, index) => {
      let content: RowContent | undefined;
      try {
        content = this.#parts.encode(item, version);
        rows.push(this.#prepare(content, version));
      } catch (thrown) {
        const error = MillraceError.from(thrown);
        rejected.push({ index, letter: this.#rejection({ item, content }, error) });
      }
      this.#prepared += 1;
    });
    return { rows, rejected };
  }

  flush(): void {
    for (const client of this.#clients) client.flush();
    // what was published has made room, or brings the marks nearer
    this.changed();
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#takeNews() ? Promise.resolve() : this.#readiness.wait();
  }

  close(): Promise<void> {
    return closeClients(this.#sinkClients);
  }

  changed(): void {
    // asked only for somebody who waits: news is told once
    if (this.#readiness.awaited && this.#takeNews()) this.#readiness.notify();
  }

  refused(row: Row, error: MillraceError): DeadLetter | undefined {
    this.meter.refused(row);
    const letter = deadLetterOf({ row, error, origin: this.#parts.name });
    if (!this.#parts.failOnRejection) return letter;
    // the row is neither delivered nor given up: it stays in the store
    this.failed(letter.error);
    return undefined;
  }

  downgraded(row: Row): void {
    this.meter.downgraded(row);
    if (this.#parts.leastQos < 2) return;
    // what is under way is settled first, so that the next run sends none of it again (R16)
    const error = noQos2(row);
    for (const client of this.#clients) client.failOnceSettled(error);
  }

  unverified({ topic }: Row): void {
    this.counters.unverified.add();
    publishDiagnostic('delivery-unverified', { sink: this.#parts.name, topic });
  }

  failed(error: MillraceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const { sender } of this.#clients) sender.stop(error);
    this.#readiness.fail(error);
  }

  get #sinkClients(): readonly SinkClient[] {
    return this.#clients.map(({ client }) => client);
  }

  #sum(count: (sender: MqttOutboxSender) => number): number {
    return this.#clients.reduce((sum, { sender }) => sum + count(sender), 0);
  }

  /** Every outbox is asked: what is told once must not be told for another. */
  #takeNews(): boolean {
    let isNews = false;
    for (const { sender } of this.#clients) if (sender.takeNews()) isNews = true;
    return isNews;
  }

  #prepare(made: RowContent, version: ProtocolVersion): PreparedRow {
    // R16
    if (made.qos < this.#parts.leastQos) throw tooLowQos(made);
    const content = version < 5 && made.properties !== undefined ? this.#strip(made) : made;
    const outbox = this.#clients.length === 1 ? 0 : hashTopic(content.topic) % this.#clients.length;
    const bytes = this.#parts.codec.encode(content);
    return { outbox, bytes, held: this.#parts.codec.hold(content, bytes) };
  }

  /** A 3.x connection has no place for properties: said, never silent. */
  #strip(content: RowContent): RowContent {
    this.meter.stripped(new Row(this.#prepared, content));
    return { ...content, properties: undefined };
  }

  /** @param rejected with the message that was made of the item, if one was */
  #rejection(rejected: { item: T; content: RowContent | undefined }, rejection: MillraceError): DeadLetter {
    const { topic, name: origin, failOnRejection } = this.#parts;
    this.meter.refused();
    const letter = deadLetterOf({ ...rejected, topic, index: this.#prepared, error: rejection, origin });
    if (failOnRejection || isFunctionMistake(letter.error)) throw letter.error;
    return letter;
  }
}

const tooLowQos = ({ topic, qos }: RowContent): MillraceError =>
  new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `a message to topic "${topic}" asks for QoS ${qos} in an exactly-once job`,
    {
      advice:
        'Send it at QoS 2, or say allowLowerQos for the sink: such messages are then delivered as their QoS promises.',
      details: { topic, qos },
    },
  );

const noQos2 = ({ topic }: Row): MillraceError =>
  new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `the broker answers a message to topic "${topic}" at QoS 2 with PUBACK: it has no QoS 2, which an exactly-once job needs`,
    {
      advice:
        'Use a broker with QoS 2, or the guarantee at-least-once, or say allowLowerQos for the sink: messages then arrive at least once.',
      details: { topic },
    },
  );
