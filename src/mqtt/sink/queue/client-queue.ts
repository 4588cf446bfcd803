import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import { retryWait } from '../../../connector/retry/retry-wait.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { Ring } from '../../../internal/ring.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import { UNPACED } from '../../protocol/session/outbound/outbound-pace.js';
import type { OutboundMessage } from '../../protocol/session/outbound-message.js';
import type {
  DeliveredEvent,
  ReceivedEvent,
  RefusedEvent,
  SessionEvent,
} from '../../protocol/session/session-event.js';
import { hasExpired } from '../message/message-expiry.js';
import { Row } from '../message/row.js';
import type { QueueLimits } from '../options/queue-limits.js';
import { HeldTopics } from './held-topics.js';
import type { ControlNews } from './poison-search.js';
import { PoisonWatch } from './poison-watch.js';
import { PublishedRows } from './published-rows.js';
import type { Publisher } from './publisher.js';
import type { QueueCustody } from './queue-custody.js';
import type { DropReason, QueueOutcome } from './queue-outcome.js';
import { isRetryableRefusal, refusalError } from './refusal.js';

/** What a queue is made of. */
export interface ClientQueueParts {
  /** Asked each time: the session is made after the queue. */
  readonly publisher: () => Publisher;
  /** Of what waits (L4). */
  readonly limits: QueueLimits;
  /** Of rows that the broker refuses for now (R20). */
  readonly retry: RetryStrategy;
  /** Told what becomes of each row. */
  readonly outcome: QueueOutcome;
  /** Asked what may go out, and under which number. */
  readonly custody: QueueCustody;
}

/**
 * The messages of one client between a writer and a session, without socket, timer and clock. It has a row from `enqueue` or `adopt`
 * until `delivered`, `rejected` or `dropped` of its outcome, which is told exactly one of them, unless it is told `failed` before: then of
 * no row any more. Until then the row is in one of four places: it waits its turn (`#waiting`) or behind a refusal in its topic (`#held`),
 * or the session has it, to be answered (QoS 1, 2: its own table) or only written (QoS 0: `unwritten`). The invariants:
 * L1. Rows of one topic are published in the order of their index; a row that the broker refused for now holds back the
 *     later rows of its topic that are not in flight yet (R20).
 * L2. A row is published once on a connection; after a cut only the session sends it again, under the same id.
 * L3. A QoS 1 or 2 row is delivered at PUBACK or PUBCOMP, a QoS 0 row when its bytes left for the kernel (R16).
 * L4. What waits is bounded by QueueLimits, what is in flight by the session's credit and by the byte bound.
 * L5. A row of an outbox is published under its own seq, also when it is published again after a refusal: the packet id is free then
 *     (5: 2.2.1, MQTT-4.4.0-2), and whatever a crash leaves of that, a re-send under this id means this row (R8, R11, R20).
 * L6. What is left of a Message Expiry Interval goes out, re-sends included; a row that has expired before it is first sent is dropped
 *     (R23).
 * L7. Where a search for a poisoned message narrows what may be unanswered (R20a), re-sends of the session are narrowed with it, and before
 *     the clock has been looked at after a cut nothing goes out at all.
 *
 * Order of calls: `adopt` and `begin` at most once and before all others. Then, for each connection, `handleSessionLost` if it was lost,
 * `handleConnected`, `handleEvents` as the session gives them, `handleDisconnected`, which also tells of an attempt that failed. `enqueue`
 * is for any time at which `full` is false, `handleWritten` for whenever nothing waits in or above the socket, `pump` for whenever one of
 * the others may have made work, and for the `deadline`. Behind events `wantsControl` and `usesControl` say whether there is to be a
 * control connection (R20a), of which `handleControl` tells. `stop` and `silence` end publishing; what is in flight is answered still.
 * Outcome and custody are called from the middle of these. They may read, and call `stop` and `silence`; every other call has to wait for
 * the end.
 */
export class ClientQueue {
  readonly #parts: ClientQueueParts;
  #waiting = new Ring<Row>();
  readonly #held = new HeldTopics();
  readonly #published: PublishedRows;
  readonly #watch: PoisonWatch;
  /** Of all rows that it has. */
  #bytes = 0;
  /** L7: re-sends wait until the clock has been looked at (R23). */
  #clockDue = false;
  /** Between the two calls of the connection. */
  #connected = false;
  /** Connected, and the session has not said otherwise. */
  #online = false;
  #stopped = false;
  #silent = false;

  constructor(parts: ClientQueueParts) {
    const { publisher, retry, outcome, custody } = parts;
    this.#parts = parts;
    this.#published = new PublishedRows(custody, outcome);
    const giveUp = (row: Row, error: MillraceError): void => {
      this.#published.leave(row);
      this.#giveUp(row, error);
    };
    this.#watch = new PoisonWatch({ publisher, retry, outcome, giveUp });
  }

  /** Connected. */
  get online(): boolean {
    return this.#online;
  }

  /** Messages in flight. */
  get inflight(): number {
    return this.#published.inflight;
  }

  /** Messages that wait above the window. */
  get buffered(): number {
    return this.#waiting.size + this.#held.waiting + this.#published.unwritten.size;
  }

  /** Some QoS 0 messages are published and not known to have left. */
  get hasUnwritten(): boolean {
    return this.#published.unwritten.size > 0;
  }

  /** Whether `pump` may find work that no event and no deadline has told of. */
  get hasWork(): boolean {
    if (this.hasUnwritten || this.#held.size > 0) return true;
    const row = this.#waiting.peek();
    return row !== undefined && (row.qos === 0 || this.#parts.publisher().portion > 0);
  }

  /** No more rows are to be enqueued now. */
  get full(): boolean {
    return this.#overBounds && (this.#online || this.#parts.limits.offlineOverflow === 'pause');
  }

  get #overBounds(): boolean {
    const { maxBufferedMessages, maxBufferedBytes } = this.#parts.limits;
    return this.#bytes >= maxBufferedBytes || this.#waiting.size + this.#held.waiting >= maxBufferedMessages;
  }

  /** Takes a row; `full` is to be asked before. Offline and over the bounds, a dropping policy decides which row is dropped. */
  enqueue(row: Row): void {
    const { limits, outcome } = this.#parts;
    if (!this.#online && limits.offlineOverflow !== 'pause' && this.#overBounds && !this.#makeRoom()) {
      outcome.dropped(row, 'offline-overflow');
      return;
    }
    this.#waiting.push(row);
    this.#bytes += row.bytes;
  }

  /** Rows that the session has from birth, ascending. */
  adopt(rows: readonly Row[]): void {
    for (const row of rows) {
      this.#published.adopt(row);
      this.#bytes += row.bytes;
    }
  }

  /** Before the first connection, when rows were adopted. */
  begin(now: number): void {
    this.#clockDue = this.#published.expires;
    this.#setPace(now);
  }

  /** Publishes what the window takes; `wallMs` is the time of the wall clock. */
  pump(now: number, wallMs: number): void {
    if (!this.#online || this.#stopped) return;
    const publisher = this.#parts.publisher();
    // before the pace is set below, by which the session sends again (L7)
    if (this.#clockDue) {
      this.#clockDue = false;
      this.#published.age(publisher, wallMs);
    }
    if (this.#watch.window !== UNPACED || this.#watch.search.usesControl) {
      this.#watch.judge(now);
      this.#setPace(now);
    }
    // before those that wait: of one topic they are the earlier ones (L1)
    if (this.#held.size > 0) this.#pumpHeld(publisher, now, wallMs);
    this.#pumpWaiting(publisher, wallMs);
  }

  /** When `pump` has work that only time gives; Infinity for never. */
  deadline(): number {
    if (!this.#online || this.#stopped) return Number.POSITIVE_INFINITY;
    const held = this.#held.size > 0 ? this.#held.deadline(this.#parts.custody.mark) : Number.POSITIVE_INFINITY;
    return this.#watch.window === 0 ? Math.min(held, this.#watch.search.deadline) : held;
  }

  /** A control connection is to be opened beside the client's own (R20a). */
  get wantsControl(): boolean {
    return this.#watch.search.wantsControl;
  }

  /** One that there is serves still. */
  get usesControl(): boolean {
    return this.#watch.search.usesControl;
  }

  /** What becomes of the control connection. `pump` may have work then. */
  handleControl(news: ControlNews, now: number): void {
    this.#watch.search.handleControl(news, now);
  }

  /** All events of the session, in order; those that are not of a row are passed over. */
  handleEvents(events: readonly SessionEvent[], now: number): void {
    for (const event of events) {
      if (event.type === 'delivered') this.#handleDelivered(event);
      else if (event.type === 'received') this.#handleReceived(event);
      else if (event.type === 'refused') this.#handleRefused(event, now);
      else if (event.type === 'ids-spent') this.#parts.outcome.idsSpent(event.message.topic, event.packetId);
    }
    if (this.#watch.window !== UNPACED) this.#setPace(now);
  }

  /** CONNACK came, and the loss of a session is settled. */
  handleConnected(version: ProtocolVersion, now: number): void {
    this.#published.version = version;
    this.#connected = true;
    this.#online = true;
    this.#watch.search.handleConnected(now);
  }

  /** The connection ended, or an attempt to have one. What is in flight stays: the session sends it again (L2). */
  handleDisconnected(error: MillraceError, now: number): void {
    const connected = this.#connected;
    this.#connected = false;
    this.#online = false;
    this.#takeBackUnwritten();
    this.#watch.handleEnded(error, { connected, now });
    this.#clockDue = this.#published.expires;
    // while there is no connection: the session sends again as soon as there is one (L7)
    this.#setPace(now);
  }

  /** Messages that the session gave up because the broker lost it. */
  handleSessionLost(givenUp: readonly OutboundMessage[]): void {
    // the suspect may be among them
    this.#watch.search.forget();
    for (const message of givenUp) {
      const row = this.#published.land({ message, seq: message.seq });
      if (row !== undefined) this.#drop(row, 'session-lost');
    }
  }

  /** Nothing waits in or above the socket any more. */
  handleWritten(): void {
    const { unwritten } = this.#published;
    for (let row = unwritten.take(); row !== undefined; row = unwritten.take()) this.#deliver(row);
  }

  /** Nothing is published any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Nothing is sent any more, also not again on another connection; what is in flight is answered still. */
  silence(now: number): void {
    this.stop();
    this.#silent = true;
    this.#setPace(now);
  }

  #setPace(now: number): void {
    this.#watch.pace(this.#clockDue || this.#silent, now);
  }

  #pumpHeld(publisher: Publisher, now: number, wallMs: number): void {
    const { mark } = this.#parts.custody;
    let credit = publisher.credit;
    while (!this.#stopped && credit > 0) {
      const row = this.#held.take(now, mark);
      if (row === undefined) return;
      if (hasExpired(row, wallMs)) {
        this.#drop(row, 'expired');
        continue;
      }
      const error = this.#published.publish(publisher, row, wallMs);
      if (error === undefined) credit -= 1;
      else if (!this.#handleUnpublished(row, error)) this.#held.hold(row, now);
    }
  }

  #pumpWaiting(publisher: Publisher, wallMs: number): void {
    const { mark } = this.#parts.custody;
    const { window } = this.#watch;
    let credit = publisher.portion;
    while (!this.#stopped) {
      const row = this.#waiting.peek();
      if (row === undefined) return;
      // one that no connection has taken may expire above the mark, too
      if (row.expiresAtMs !== undefined && hasExpired(row, wallMs)) {
        this.#waiting.shift();
        this.#drop(row, 'expired');
        continue;
      }
      if (row.index >= mark) return;
      // L1
      if (this.#held.size > 0 && this.#held.has(row.topic)) {
        this.#waiting.shift();
        this.#held.append(row);
        continue;
      }
      if (row.qos === 0 ? this.#mustHoldUnconfirmed(credit) : credit <= 0) return;
      // it leaves the queue only when it was taken: offline it stays the first
      const error = this.#published.publish(publisher, row, wallMs);
      if (error !== undefined && !this.#handleUnpublished(row, error)) return;
      if (error === undefined && (row.qos > 0 || window === 1)) credit -= 1;
      this.#waiting.shift();
    }
  }

  /** At a window of one a QoS 0 message, too, goes out when nothing is unanswered: it may be what the broker closes at. */
  #mustHoldUnconfirmed(credit: number): boolean {
    return this.#published.unwritten.full || (this.#watch.window <= 1 && credit <= 0);
  }

  /** False when the row is as good as before: the session turned out to be offline. */
  #handleUnpublished(row: Row, error: MillraceError): boolean {
    if (error.code === 'INVALID_STATE') {
      this.#online = false;
      return false;
    }
    this.#giveUp(row, error);
    return true;
  }

  #handleReceived({ seq, message }: ReceivedEvent): void {
    this.#watch.search.handleAnswered(seq);
    this.#parts.custody.received(seq, message instanceof Row && message.seq === seq ? message : undefined);
  }

  #handleRefused(event: RefusedEvent, now: number): void {
    const { outcome, retry } = this.#parts;
    const { reasonCode, reasonString } = event;
    this.#watch.search.handleAnswered(event.seq);
    const row = this.#published.land(event);
    if (row === undefined) return;
    const error = refusalError(row.topic, reasonCode, reasonString);
    // R9a: the session is not ours, so that nothing it says of our ids means these rows
    if (error.code === 'ID_IN_USE') {
      outcome.failed(error);
      return;
    }
    const wait = isRetryableRefusal(reasonCode) ? retryWait(retry, row.attempt, error) : error;
    if (wait instanceof MillraceError) {
      this.#giveUp(row, wait);
      return;
    }
    row.attempt += 1;
    this.#held.hold(row, now + wait);
    outcome.retried(row);
  }

  #handleDelivered(event: DeliveredEvent): void {
    this.#watch.search.handleAnswered(event.seq);
    const row = this.#published.land(event);
    if (row === undefined) return;
    if (event.unverified) this.#parts.custody.unverified(row);
    if (event.downgraded) this.#parts.outcome.downgraded(row);
    this.#deliver(row);
  }

  #deliver(row: Row): void {
    this.#leave(row);
    this.#parts.outcome.delivered(row);
  }

  #giveUp(row: Row, error: MillraceError): void {
    this.#leave(row);
    this.#parts.outcome.rejected(row, error);
  }

  #drop(row: Row, reason: DropReason): void {
    this.#leave(row);
    this.#parts.outcome.dropped(row, reason);
  }

  #leave(row: Row): void {
    this.#bytes -= row.bytes;
    if (this.#held.size > 0) this.#held.settle(row);
  }

  /** QoS 0 rows whose bytes did not leave wait again, ahead of all others, or are lost: as their custody has it. */
  #takeBackUnwritten(): void {
    const { unwritten } = this.#published;
    const { keepsUnwritten } = this.#parts.custody;
    const queue = new Ring<Row>();
    for (let row = unwritten.take(); row !== undefined; row = unwritten.take()) {
      if (!keepsUnwritten) this.#drop(row, 'connection-lost');
      else if (row.paced) this.#held.hold(row, 0);
      else queue.push(row);
    }
    if (queue.size === 0) return;
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
