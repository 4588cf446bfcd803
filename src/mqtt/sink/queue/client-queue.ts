import { MillraceError } from '../../../errors/millrace-error.js';
import { Fifo } from '../../../internal/fifo.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { OutboundMessage } from '../../protocol/session/outbound/outbound-message.js';
import { UNPACED } from '../../protocol/session/outbound/outbound-pace.js';
import type {
  DeliveredEvent,
  OutboundEvent,
  ReceivedEvent,
  RefusedEvent,
  SessionEvent,
} from '../../protocol/session/session-event.js';
import { hasExpired } from '../message/message-expiry.js';
import { Row } from '../message/row.js';
import type { QueueLimits } from '../options/queue-limits.js';
import type { RetryStrategy } from '../retry/retry-strategy.js';
import { retryWait } from '../retry/retry-wait.js';
import { endedByPeer } from './ended-by-peer.js';
import { HeldTopics } from './held-topics.js';
import { poisonError } from './poison-error.js';
import { type ControlNews, PoisonSearch } from './poison-search.js';
import type { Publisher } from './publisher.js';
import type { DropReason, Finding, QueueOutcome } from './queue-outcome.js';
import { isRetryableRefusal, refusalError } from './refusal.js';
import { UnwrittenRows } from './unwritten-rows.js';

/** What a queue asks and tells where its rows come from an outbox, whose seq is their index. */
export interface QueueOutbox {
  /** Rows from here on are not published yet (R8a). */
  readonly mark: number;
  /** PUBREC came: the outbox releases the row when that is durable (R9). */
  received(row: Row): void;
  /** A row counts as delivered although the session may have been lost with it (R10): nobody could prove that it is ours. */
  unverified(row: Row): void;
}

/** What a queue is made of. */
export interface ClientQueueParts {
  readonly publisher: () => Publisher;
  readonly limits: QueueLimits;
  readonly retry: RetryStrategy;
  readonly outcome: QueueOutcome;
  /** undefined: there is no store. Rows get their seqs as they are published, and a PUBREC is answered at once. */
  readonly outbox: QueueOutbox | undefined;
}

/**
 * The messages of one client, without its socket, timers and clock. The invariants:
 * L1. Rows of one topic are published in the order of their index; a row that the broker refused for now holds back the
 *     later rows of its topic that are not in flight yet (R20).
 * L2. A row is published once on a connection; after a cut only the session sends it again, under the same id.
 * L3. A QoS 1 or 2 row is delivered at PUBACK or PUBCOMP, a QoS 0 row when its bytes left for the kernel (R16).
 * L4. What waits is bounded by QueueLimits, what is in flight by the session's credit and by the byte bound.
 * L5. A row of an outbox is published under its own seq, also when it is published again after a refusal: the packet id is free then
 *     (5: 2.2.1, MQTT-4.4.0-2), and whatever a crash leaves of that, a re-send under this id means this row (R8, R11, R20).
 * L6. What is left of a Message Expiry Interval goes out, re-sends included; a row that has expired before it is first sent is dropped (R23).
 */
export class ClientQueue {
  readonly #parts: ClientQueueParts;
  #waiting = new Fifo<Row>();
  readonly #held = new HeldTopics();
  readonly #unwritten = new UnwrittenRows();
  readonly #search = new PoisonSearch({
    suspected: (seq) => this.#tellFinding(seq, 'suspected'),
    acquitted: (seq, reason) => this.#tellFinding(seq, reason),
  });
  /** What the search lets be unanswered, as the session knows it. */
  #paced = UNPACED;
  /** How the last connection ended. */
  #lastEnd: MillraceError | undefined;
  /** Of every row that is taken and has no outcome yet. */
  #bytes = 0;
  /** Rows that the session holds: it is the only table of them. */
  #inflight = 0;
  /** Some rows may expire. */
  #expires = false;
  /** Re-sends wait until the queue has looked at the clock (R23). */
  #clockDue = false;
  #version: ProtocolVersion = 5;
  /** Between the two calls of the connection. */
  #connected = false;
  /** Connected, and the session has not said otherwise. */
  #online = false;
  #stopped = false;
  /** Publishes so far. */
  #published = 0;
  /** One above the highest seq that was given to the session. */
  #next = 0;

  constructor(parts: ClientQueueParts) {
    this.#parts = parts;
  }

  /** Connected. */
  get online(): boolean {
    return this.#online;
  }

  /** Messages in flight. */
  get inflight(): number {
    return this.#inflight;
  }

  /** Messages that wait above the window. */
  get buffered(): number {
    return this.#waiting.size + this.#held.waiting + this.#unwritten.size;
  }

  /** Some QoS 0 messages are published and not known to have left. */
  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  /** No more rows are to be enqueued now. */
  get full(): boolean {
    return this.#overBounds && (this.#online || this.#parts.limits.offlineOverflow === 'pause');
  }

  get #overBounds(): boolean {
    const { maxBufferedMessages, maxBufferedBytes } = this.#parts.limits;
    return this.#waiting.size + this.#held.waiting >= maxBufferedMessages || this.#bytes >= maxBufferedBytes;
  }

  /** Takes a row; `full` is to be asked before. Offline and over the bounds, a dropping policy decides which row is dropped. */
  enqueue(row: Row): void {
    const { offlineOverflow } = this.#parts.limits;
    if (!this.#online && offlineOverflow !== 'pause' && this.#overBounds && !this.#makeRoom()) {
      this.#parts.outcome.dropped(row, 'offline-overflow');
      return;
    }
    this.#waiting.push(row);
    this.#bytes += row.bytes;
  }

  /** Rows that the session has from birth, ascending. */
  adopt(rows: readonly Row[]): void {
    for (const row of rows) {
      this.#expires ||= row.expiresAtMs !== undefined;
      this.#inflight += 1;
      this.#bytes += row.bytes;
      this.#next = row.seq + 1;
    }
  }

  /** Before the first connection, when rows were adopted. */
  begin(now: number): void {
    this.#clockDue = this.#expires;
    this.#setPace(now);
  }

  /** Publishes what the window takes; `wallMs` is the time of the wall clock. Gives true when something was published. */
  pump(now: number, wallMs: number): boolean {
    if (!this.#online || this.#stopped) return false;
    const before = this.#published;
    const publisher = this.#parts.publisher();
    if (this.#clockDue) this.#ageInflight(wallMs);
    if (this.#paced !== UNPACED || this.#search.usesControl) this.#goOn(publisher, now);
    if (this.#held.size > 0) this.#pumpHeld(publisher, now, wallMs);
    this.#pumpQueue(publisher, wallMs);
    return this.#published !== before;
  }

  /** When `pump` has work that only time gives; Infinity for never. */
  deadline(): number {
    if (!this.#online || this.#stopped) return Number.POSITIVE_INFINITY;
    const held = this.#held.size > 0 ? this.#held.deadline(this.#mark) : Number.POSITIVE_INFINITY;
    return this.#paced === 0 ? Math.min(held, this.#search.deadline) : held;
  }

  /** A control connection is to be opened beside the client's own (R20a). */
  get wantsControl(): boolean {
    return this.#search.wantsControl;
  }

  /** One that there is serves still. */
  get usesControl(): boolean {
    return this.#search.usesControl;
  }

  /** What becomes of the control connection. `pump` may have work then. */
  handleControl(news: ControlNews, now: number): void {
    this.#search.handleControl(news, now);
  }

  handleEvents(events: readonly SessionEvent[], now: number): void {
    for (const event of events) {
      if (event.type === 'delivered') this.#handleDelivered(event);
      else if (event.type === 'received') this.#handleReceived(event);
      else if (event.type === 'refused') this.#handleRefused(event, now);
    }
    if (this.#paced !== UNPACED) this.#setPace(now);
  }

  handleConnected(version: ProtocolVersion, now: number): void {
    this.#version = version;
    this.#connected = true;
    this.#online = true;
    this.#search.handleConnected(now);
  }

  /** QoS 0 rows whose bytes did not leave are lost, since at most once is what QoS 0 promises; an outbox still has them, so they wait again. */
  handleDisconnected(error: MillraceError, now: number): void {
    const { lastOwed, lastAlone } = this.#parts.publisher();
    if (this.#connected) this.#lastEnd = error;
    this.#connected = false;
    this.#online = false;
    if (this.#parts.outbox === undefined) this.#dropUnwritten();
    else this.#takeBackUnwritten();
    this.#search.handleEnded({ byPeer: endedByPeer(error), unanswered: lastOwed, alone: lastAlone }, now);
    this.#clockDue = this.#expires;
    this.#setPace(now);
  }

  /** Messages that the session gave up because the broker lost it. */
  handleSessionLost(givenUp: readonly OutboundMessage[]): void {
    this.#search.forget();
    for (const message of givenUp) {
      const row = this.#land({ message, seq: message.seq });
      if (row !== undefined) this.#drop(row, 'session-lost');
    }
  }

  /** Nothing waits in or above the socket any more. */
  handleWritten(): void {
    for (let row = this.#unwritten.take(); row !== undefined; row = this.#unwritten.take()) this.#deliver(row);
  }

  /** Nothing is published any more. */
  stop(): void {
    this.#stopped = true;
  }

  get #mark(): number {
    return this.#parts.outbox?.mark ?? Number.POSITIVE_INFINITY;
  }

  /** The search goes on: a message that it blames is given up, and what may be sent now is. */
  #goOn(publisher: Publisher, now: number): void {
    const row = publisher.message(this.#search.blamed(now));
    if (row instanceof Row) this.#handleBlamed(publisher, row, now);
    this.#setPace(now);
  }

  #setPace(now: number): void {
    const window = this.#clockDue ? 0 : this.#search.windowAt(now);
    if (window === this.#paced) return;
    this.#paced = window;
    this.#parts.publisher().pace(window, now);
  }

  /** R20: a DISCONNECT that allows it is followed by a re-send under the same id (R12), as the strategy says. */
  #handleBlamed(publisher: Publisher, row: Row, now: number): void {
    const error = poisonError(row, this.#lastEnd);
    const wait = error.retryable ? retryWait(this.#parts.retry, row.attempt, error) : error;
    if (!(wait instanceof MillraceError)) {
      row.attempt += 1;
      this.#search.postpone(now + wait);
      this.#parts.outcome.retried(row);
      return;
    }
    try {
      publisher.abandon(row.seq);
    } catch (thrown) {
      this.#parts.outcome.failed(MillraceError.from(thrown));
      return;
    }
    this.#search.forget();
    this.#leaveSession(row);
    this.#parts.outcome.suspected(row, 'blamed');
    this.#giveUp(row, wait);
  }

  #tellFinding(seq: number, finding: Finding): void {
    const row = this.#parts.publisher().message(seq);
    if (row instanceof Row) this.#parts.outcome.suspected(row, finding);
  }

  #ageInflight(wallMs: number): void {
    this.#clockDue = false;
    for (const row of this.#parts.publisher().messages()) if (row instanceof Row) row.age(wallMs);
  }

  #pumpHeld(publisher: Publisher, now: number, wallMs: number): void {
    let credit = publisher.credit;
    while (!this.#stopped && credit > 0) {
      const row = this.#held.take(now, this.#mark);
      if (row === undefined) return;
      if (this.#dropExpired(row, wallMs)) continue;
      if (this.#publish(publisher, row, wallMs)) credit -= 1;
      else if (!this.#online) this.#holdBack(row, now);
    }
  }

  #pumpQueue(publisher: Publisher, wallMs: number): void {
    let credit = publisher.credit;
    while (!this.#stopped) {
      const row = this.#waiting.peek();
      if (row === undefined) return;
      if (this.#dropExpired(row, wallMs)) {
        this.#waiting.shift();
        continue;
      }
      if (row.index >= this.#mark) return;
      const held = this.#held.size > 0 && this.#held.has(row.topic);
      if (held) {
        this.#waiting.shift();
        this.#held.append(row);
        continue;
      }
      if (row.qos === 0 ? this.#mustHoldUnconfirmed(credit) : credit <= 0) return;
      if (this.#publish(publisher, row, wallMs) && (row.qos > 0 || this.#paced === 1)) credit -= 1;
      if (!this.#online) return;
      this.#waiting.shift();
    }
  }

  /** At a window of one a QoS 0 message, too, goes out when nothing is unanswered: it may be what the broker closes at. */
  #mustHoldUnconfirmed(credit: number): boolean {
    return this.#unwritten.full || (this.#paced <= 1 && credit <= 0);
  }

  /** R23: a row whose flow has not begun. */
  #dropExpired(row: Row, wallMs: number): boolean {
    if (row.expiresAtMs === undefined || !hasExpired(row, wallMs)) return false;
    this.#drop(row, 'expired');
    return true;
  }

  /** False when nothing was published: the row is rejected then, or the session turned out to be offline. */
  #publish(publisher: Publisher, row: Row, wallMs: number): boolean {
    if (row.expiresAtMs !== undefined) {
      this.#expires = true;
      row.age(wallMs);
    }
    if (this.#version < 5 && row.properties !== undefined) this.#stripProperties(row);
    if (row.qos > 0) {
      row.seq = this.#parts.outbox === undefined ? this.#next : row.index;
      this.#inflight += 1;
    }
    try {
      this.#giveToSession(publisher, row);
    } catch (thrown) {
      if (row.qos > 0) this.#leaveSession(row);
      this.#handleUnpublished(row, MillraceError.from(thrown));
      return false;
    }
    if (row.qos === 0) this.#unwritten.add(row);
    this.#published += 1;
    this.#parts.outcome.published(row);
    return true;
  }

  #giveToSession(publisher: Publisher, row: Row): void {
    if (row.qos > 0 && row.seq < this.#next) {
      publisher.publishLate(row);
      return;
    }
    publisher.publish(row);
    if (row.qos > 0) this.#next = row.seq + 1;
  }

  /** 3.x has no place for properties: said, never silent. */
  #stripProperties(row: Row): void {
    delete row.properties;
    this.#parts.outcome.stripped(row);
  }

  #handleUnpublished(row: Row, error: MillraceError): void {
    if (error.code === 'INVALID_STATE') this.#online = false;
    else this.#giveUp(row, error);
  }

  #handleReceived({ seq, message }: ReceivedEvent): void {
    this.#search.handleAnswered(seq);
    if (this.#parts.outbox === undefined) this.#parts.publisher().release(seq);
    else if (message instanceof Row && message.seq === seq) this.#parts.outbox.received(message);
  }

  #handleRefused(event: RefusedEvent, now: number): void {
    this.#search.handleAnswered(event.seq);
    const row = this.#land(event);
    if (row === undefined) return;
    const error = refusalError(row.topic, event.reasonCode, event.reasonString);
    if (error.code === 'ID_IN_USE') {
      this.#parts.outcome.failed(error);
      return;
    }
    const wait = isRetryableRefusal(event.reasonCode) ? retryWait(this.#parts.retry, row.attempt, error) : error;
    if (wait instanceof MillraceError) {
      this.#giveUp(row, wait);
      return;
    }
    row.attempt += 1;
    this.#holdBack(row, now + wait);
    this.#parts.outcome.retried(row);
  }

  #holdBack(row: Row, dueMs: number): void {
    this.#held.hold(row, dueMs);
  }

  #handleDelivered(event: DeliveredEvent): void {
    this.#search.handleAnswered(event.seq);
    const row = this.#land(event);
    if (row === undefined) return;
    if (event.unverified) this.#parts.outbox?.unverified(row);
    if (event.downgraded) this.#parts.outcome.downgraded(row);
    this.#deliver(row);
  }

  /** The session has let go of a message: its row, unless that stands under another number or under none. */
  #land({ message, seq }: OutboundEvent): Row | undefined {
    if (!(message instanceof Row) || message.seq !== seq) return undefined;
    this.#leaveSession(message);
    return message;
  }

  #leaveSession(row: Row): void {
    row.seq = -1;
    this.#inflight -= 1;
  }

  #deliver(row: Row): void {
    this.#bytes -= row.bytes;
    if (this.#held.size > 0) this.#held.settle(row);
    this.#parts.outcome.delivered(row);
  }

  #giveUp(row: Row, error: MillraceError): void {
    this.#bytes -= row.bytes;
    if (this.#held.size > 0) this.#held.settle(row);
    this.#parts.outcome.rejected(row, error);
  }

  #drop(row: Row, reason: DropReason): void {
    this.#bytes -= row.bytes;
    if (this.#held.size > 0) this.#held.settle(row);
    this.#parts.outcome.dropped(row, reason);
  }

  #dropUnwritten(): void {
    for (let row = this.#unwritten.take(); row !== undefined; row = this.#unwritten.take())
      this.#drop(row, 'connection-lost');
  }

  #takeBackUnwritten(): void {
    const queue = new Fifo<Row>();
    for (let row = this.#unwritten.take(); row !== undefined; row = this.#unwritten.take()) {
      if (row.paced) this.#holdBack(row, 0);
      else queue.push(row);
    }
    for (let row = this.#waiting.shift(); row !== undefined; row = this.#waiting.shift()) queue.push(row);
    this.#waiting = queue;
  }

  /** False when it is the new row that is to be dropped. */
  #makeRoom(): boolean {
    if (this.#parts.limits.offlineOverflow !== 'drop-oldest') return false;
    while (this.#overBounds) {
      const oldest = this.#waiting.shift();
      if (oldest === undefined) return false;
      this.#drop(oldest, 'offline-overflow');
    }
    return true;
  }
}
