import { RetryStrategies } from '../../../src/connector/retry/retry-strategies.js';
import type { RetryStrategy } from '../../../src/connector/retry/retry-strategy.js';
import { MillraceError } from '../../../src/errors/millrace-error.js';
import type { QualityOfService } from '../../../src/mqtt/protocol/quality-of-service.js';
import type { OutboundMessage } from '../../../src/mqtt/protocol/session/outbound-message.js';
import type { SessionEvent } from '../../../src/mqtt/protocol/session/session-event.js';
import { directCustody } from '../../../src/mqtt/sink/direct/direct-custody.js';
import { Row } from '../../../src/mqtt/sink/message/row.js';
import type { QueueLimits } from '../../../src/mqtt/sink/options/queue-limits.js';
import { ClientQueue } from '../../../src/mqtt/sink/queue/client-queue.js';

/** What may be set in a {@link QueueRig}. */
export interface QueueRigOptions {
  readonly window?: number;
  readonly limits?: Partial<QueueLimits>;
  readonly retry?: RetryStrategy;
}

/** A queue over a session that takes messages into a list, with a clock that stands until it is moved. */
export class QueueRig {
  readonly queue: ClientQueue;
  /** `topic:index` of every publish, in order. */
  readonly published: string[] = [];
  /** What became of the rows, in order: `delivered 3`, `rejected 4 CODE`, `dropped 5 reason`, `retried 6`, `stripped 7`. */
  readonly outcome: string[] = [];
  readonly released: number[] = [];
  readonly abandoned: number[] = [];
  /** The session takes nothing. */
  noCredit = false;
  /** What was published, as it was then. */
  readonly sent: OutboundMessage[] = [];
  readonly cutError = new MillraceError('CONNECTION_LOST', 'cut');
  /** What the queue let be unanswered. */
  readonly paces: number[] = [];
  /** What the next cut finds unanswered. */
  lastOwed = 0;
  lastAlone = -1;
  now = 0;
  /** Thrown by the next publish. */
  publishError: MillraceError | undefined;
  readonly #window: number;
  readonly #inflight = new Map<number, Row>();
  #next = 0;

  constructor({ window = 1000, limits = {}, retry = RetryStrategies.never() }: QueueRigOptions = {}) {
    this.#window = window;
    this.queue = new ClientQueue({
      publisher: () => this,
      retry,
      limits: { maxBufferedMessages: 10_000, maxBufferedBytes: 1 << 24, offlineOverflow: 'pause', ...limits },
      outcome: {
        delivered: (row) => this.outcome.push(`delivered ${row.index}`),
        rejected: (row, error) => this.outcome.push(`rejected ${row.index} ${error.code}`),
        dropped: (row, reason) => this.outcome.push(`dropped ${row.index} ${reason}`),
        retried: (row) => this.outcome.push(`retried ${row.index}`),
        stripped: (row) => this.outcome.push(`stripped ${row.index}`),
        failed: (error) => this.outcome.push(`failed ${error.code}`),
        published: () => {},
        downgraded: (row) => this.outcome.push(`downgraded ${row.index}`),
        suspected: (row, finding) => this.outcome.push(`${finding} ${row.index}`),
        idsSpent: (topic, packetId) => this.outcome.push(`ids-spent ${topic} ${packetId}`),
      },
      custody: directCustody(() => this),
    });
  }

  get credit(): number {
    if (this.noCredit) return 0;
    return this.#window - this.#inflight.size;
  }

  get portion(): number {
    return this.credit;
  }

  message(seq: number): OutboundMessage | undefined {
    return this.#inflight.get(seq);
  }

  messages(): Iterable<OutboundMessage> {
    return this.#inflight.values();
  }

  publish(message: OutboundMessage): void {
    const error = this.publishError;
    this.publishError = undefined;
    if (error !== undefined) throw error;
    if (!(message instanceof Row)) throw new Error('a queue publishes its rows');
    if (message.qos > 0) this.#inflight.set(message.seq, message);
    this.sent.push({ ...message });
    this.published.push(`${message.topic}:${message.index}`);
  }

  publishLate(): void {
    throw new Error('a queue without a store publishes in the order of its numbers');
  }

  release(seq: number): void {
    this.released.push(seq);
  }

  abandon(seq: number): void {
    this.abandoned.push(seq);
    this.#inflight.delete(seq);
  }

  pace(window: number): void {
    this.paces.push(window);
  }

  /** Enqueues the next row. */
  add(topic = 't', qos: QualityOfService = 1, payload = new Uint8Array(1)): Row {
    const row = new Row(this.#next, { topic, payload, qos, retain: false, properties: undefined });
    this.#next += 1;
    this.queue.enqueue(row);
    return row;
  }

  pump(): void {
    this.queue.pump(this.now, this.now);
  }

  /** Ends the flight of the row with this index by an event, as the session would. */
  answer(index: number, answer: 'delivered' | number): void {
    for (const [seq, row] of this.#inflight) {
      if (row.index !== index) continue;
      this.#inflight.delete(seq);
      this.queue.handleEvents([eventOf(row, answer)], this.now);
      return;
    }
    throw new Error(`row ${index} is not in flight`);
  }

  /** Answers every row in flight, in order. */
  answerAll(answer: 'delivered' | number): void {
    for (const row of [...this.#inflight.values()]) this.answer(row.index, answer);
  }
}

const eventOf = (message: Row, answer: 'delivered' | number): SessionEvent => {
  const { seq } = message;
  return answer === 'delivered'
    ? { type: 'delivered', seq, message, reasonCode: 0 }
    : { type: 'refused', seq, message, reasonCode: answer, reasonString: undefined };
};

/** A broken connection. */
export const cut = (reasonCode?: number): MillraceError =>
  new MillraceError('CONNECTION_LOST', 'cut', reasonCode === undefined ? {} : { reasonCode });
