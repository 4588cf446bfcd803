import { invalidState } from '../codec/protocol-error.js';
import type { SubscriptionRequest } from '../packet.js';
import type { Properties } from '../properties.js';
import type { EventQueue } from './event-queue.js';
import type { InboundMessages } from './inbound/inbound-messages.js';
import type { Qos2Messages } from './inbound/qos2-messages.js';
import type { OutboundMessages } from './outbound/outbound-messages.js';
import type { OutboundTurns } from './outbound/outbound-turns.js';
import type { OutboundMessage } from './outbound-message.js';
import type { PacketOutput } from './packet-output.js';
import { PresentConnection } from './present/present-connection.js';
import { SessionPings } from './present/session-pings.js';
import type { MarkerQuestion } from './proof/session-proof.js';
import type { ServerLimits, SessionEvent } from './session-event.js';
import type { ConnectRequest, SessionOptions } from './session-options.js';
import { type SessionParts, sessionParts } from './session-parts.js';
import type { InboundMemory, SessionState } from './session-state.js';

/**
 * One MQTT session of a client, over any number of connections, without a socket, timer or clock.
 * Bytes, commands and `now` (milliseconds of a monotonic clock) go in; events, bytes and a deadline come out.
 *
 * It owns the state that outlives a connection (`state()`). What comes and goes on one connection, and when, is for its PresentConnection,
 * which has the invariants Z1 to Z4.
 *
 * Order of calls: `connect`, then `receive` and commands in any order, then `connectionLost`, which is due after each `connect`, whoever
 * ended the connection. An event that asks something waits for its command: `session-lost` for `startEpoch`, `session-unproven` for
 * `prove` or `trust`, `auth-challenge` for `authenticate`, `auth-success` for `admit`, `message` for `accept`, `release` for `complete`,
 * `received` for `release`. `takeNew` may follow `prove`; `pace`, `setDurableLow`, `state` and the answers to events are for any time, also
 * between connections. It never waits itself and calls nobody back, so nothing re-enters: after every call the driver takes the events,
 * runs what they lead to, takes the output and arms its timer for `deadline()`, since any of these may have changed.
 *
 * A command that is not allowed now throws INVALID_STATE; a message that the specification or the server's limits forbid
 * throws INVALID_MESSAGE, INVALID_TOPIC or MESSAGE_TOO_LARGE and changes nothing. `receive` and `handleTimeout` never throw.
 */
export class Session {
  readonly #parts: SessionParts;
  readonly #events: EventQueue;
  readonly #output: PacketOutput;
  readonly #inbound: InboundMessages;
  readonly #qos2: Qos2Messages;
  readonly #outbound: OutboundMessages;
  readonly #turns: OutboundTurns;
  readonly #pings: SessionPings;
  readonly #present: PresentConnection;

  constructor(options: SessionOptions) {
    const parts = sessionParts(options, (error) => this.#present.rejectionOf(error));
    this.#parts = parts;
    this.#events = parts.events;
    this.#output = parts.output;
    this.#inbound = parts.inbound;
    this.#qos2 = parts.inbound.qos2;
    this.#outbound = parts.outbound;
    this.#turns = parts.outbound.turns;
    this.#pings = new SessionPings(parts);
    this.#present = new PresentConnection(parts, this.#pings);
  }

  /** The transport is open: writes CONNECT. */
  connect(request: ConnectRequest, now: number): void {
    this.#present.connect(request, now);
  }

  /** Bytes from the transport. Payload views of `message` events point into them. Ignored after a `close` event. */
  receive(bytes: Uint8Array, now: number): void {
    this.#present.receive(bytes, now);
  }

  /** The transport is gone, for whatever reason. The session stays. */
  connectionLost(_now: number): void {
    this.#present.lost();
  }

  /**
   * To be called when `deadline()` has passed. Tolerates being called early or late: a driver that was stalled gives the peer a grace
   * before it is declared silent.
   */
  handleTimeout(now: number): void {
    this.#present.handleTimeout(now);
  }

  /** When `handleTimeout` wants to be called next, in the milliseconds of `now`; Infinity for never. */
  deadline(): number {
    return this.#present.deadline();
  }

  /**
   * The driver stopped or went on reading the socket (byte bound, QoS 0 policy `pause`): suspends the PINGRESP timer; PINGREQ still goes
   * out.
   */
  setReading(reading: boolean, now: number): void {
    this.#present.setReading(reading, now);
  }

  /** What came behind CONNACK waits for the owner's decision and is enough for now: the driver does not read on. */
  get congested(): boolean {
    return this.#present.congested;
  }

  /** Events since the last call, in order. */
  takeEvents(): readonly SessionEvent[] {
    return this.#events.take();
  }

  /**
   * Bytes to write, coalesced: usually one chunk for many packets; a large payload is a chunk of its own and not copied. Empty when there
   * is nothing.
   */
  takeOutput(): readonly Uint8Array[] {
    return this.#output.take();
  }

  /** True when `takeOutput` would give something. */
  get hasOutput(): boolean {
    return this.#output.size > 0;
  }

  /** Only between a `connected` event and the end of the connection. */
  get limits(): ServerLimits | undefined {
    return this.#present.limits;
  }

  /** How many more QoS 1 and 2 messages `publish` takes now (R8a): 0 without a connection. */
  get credit(): number {
    return this.#present.sending === undefined ? 0 : this.#turns.credit;
  }

  /**
   * How many of them are better published now than a little later: all of them, or none while they are few and answers are on their way that
   * make room for more, which then leave in one write.
   */
  get portion(): number {
    return this.#present.sending === undefined ? 0 : this.#turns.portion;
  }

  /** Outbound QoS 1 and 2 messages that are not complete. */
  get inflight(): number {
    return this.#outbound.size;
  }

  /** The outbound QoS 1 or 2 message with this number; undefined once it is complete. */
  message(seq: number): OutboundMessage | undefined {
    return this.#outbound.message(seq);
  }

  /** The outbound QoS 1 and 2 messages that are not complete, by ascending seq. */
  messages(): Iterable<OutboundMessage> {
    return this.#outbound.messages();
  }

  /** PUBRELs that the broker owes on this connection: of QoS 2 messages whose PUBREC went out on it. */
  get releasesOwed(): number {
    return this.#qos2.releasesOwed;
  }

  /** Outbound acknowledgements that the broker owes (R21): what the progress watchdog counts. */
  get owed(): number {
    return this.#turns.owed;
  }

  /** Packet ids of outbound messages, less one, that are burnt (R20a), in the order of that: part of the state. */
  get burnt(): readonly number[] {
    return this.#outbound.burnt;
  }

  /** Packets that the broker had not answered when the last connection ended (R20a). */
  get lastOwed(): number {
    return this.#present.lastOwed;
  }

  /** The message whose PUBLISH was all that was unanswered then, after an answered PINGREQ at a pace of one; -1 for none (R20a). */
  get lastAlone(): number {
    return this.#present.lastAlone;
  }

  /** That of the session whose state this is: a lost one stays current until `startEpoch`. 0 before the first. */
  get epoch(): number {
    return this.#parts.epoch.current;
  }

  /**
   * Every outbound message below `seq` is durably complete. From the first call on, the ids in use are counted from there (R8a, R11):
   * the next seq minus the lowest that is not durably complete stays below 60000. Never falls.
   */
  setDurableLow(seq: number): void {
    this.#outbound.setDurableLow(seq);
  }

  /**
   * How many messages may be incomplete at the server, re-sends and new ones, to find the one at which it ends the connection (R20a);
   * Infinity, the default, leaves that to `maxInflight` and Receive Maximum. At 1 one packet of any kind is unanswered, and a PINGREQ is
   * answered before each PUBLISH: a `credit` event says when `publish` may be called. At 0 nothing goes out.
   */
  pace(window: number, now: number): void {
    this.#present.observe(now);
    this.#turns.pace(window);
    if (this.#turns.wantsPing) this.#pings.probe();
  }

  /** Sends one message on this connection. QoS 1 and 2 need `credit` > 0 and a seq above all earlier ones. */
  publish(message: OutboundMessage): void {
    this.#outbound.publish(message, this.#present.sending ?? notConnected());
    if (this.#turns.wantsPing) this.#pings.probe();
  }

  /**
   * As `publish`, for a message that others have passed: one that was refused and is published again as a new one, or one that waited
   * for such a one (R20). Its number is any that is not in flight. A re-send after a cut goes by the numbers (R12).
   */
  publishLate(message: OutboundMessage): void {
    this.#turns.publish(message, this.#present.sending ?? notConnected());
    if (this.#turns.wantsPing) this.#pings.probe();
  }

  /**
   * Acknowledges a delivered message (PUBACK or PUBREC), in any order; written in the order of receipt (R14). Late or repeated calls do
   * nothing.
   */
  accept(token: number): void {
    this.#inbound.accept(token);
  }

  /**
   * After a `release` event: forgets the inbound id and sends PUBCOMP (R3). Before the server has shown how it counts ids, one message at
   * a time (R2b): the others follow, or a `release` event comes again on the next connection.
   */
  complete(token: number): void {
    this.#qos2.complete(token);
  }

  /** After a `received` event: sends PUBREL (R9). */
  release(seq: number): void {
    this.#outbound.release(seq);
  }

  /**
   * Forgets an outbound message that ended every connection on which it was sent and is not sent on this one (R20a). The packet id of
   * a QoS 2 message is burnt for the session: the server may hold the message half-done. @throws MillraceError PUBLISH_REFUSED when too
   * many are
   */
  abandon(seq: number): void {
    this.#outbound.abandon(seq);
  }

  /**
   * After `session-lost`: begins the new epoch. `redeliver` sends the messages in doubt again as new ones, in order;
   * `drop` gives them up (they are returned); inbound ids are forgotten (R5).
   */
  startEpoch(policy: 'redeliver' | 'drop'): readonly OutboundMessage[] {
    const givenUp = this.#parts.settlement.startEpoch(policy);
    this.#present.readOn();
    return givenUp;
  }

  /**
   * After `session-unproven` (5.0): asks the server to unsubscribe filters that only our session can have, and such as it has no more.
   * `session-proven` or `session-lost` follows. The filters are gone then. Messages wait for it.
   */
  prove(question: MarkerQuestion): void {
    this.#parts.settlement.prove(question);
    this.#present.readOn();
  }

  /**
   * After `prove`, when the server is slow to answer: it may wait for an acknowledgement itself (R14b). From now on messages whose ids
   * are not known (R2) are delivered; the others still wait.
   */
  takeNew(): void {
    this.#parts.settlement.takeNew();
    this.#present.readOn();
  }

  /** After `session-unproven`: goes on with the server's session as if it were ours; events say where that makes a difference. */
  trust(): void {
    this.#parts.settlement.trust();
    this.#present.readOn();
  }

  /** After `auth-challenge`: sends AUTH 0x18 with our Authentication Data [MQTT-4.12.0-3]. */
  authenticate(data: Uint8Array | undefined): void {
    this.#parts.authentication.answer(data);
  }

  /**
   * Authenticates anew while messages flow (AUTH 0x19), with the method of CONNECT [MQTT-4.12.1-1]. `auth-challenge` and `auth-success`
   * follow, or the server ends the connection. INVALID_STATE without a method, or before the one under way is over.
   */
  reauthenticate(data: Uint8Array | undefined): void {
    // also before the session is settled, which takes as long as its store and the server take (Z2)
    if (this.limits === undefined) notConnected();
    this.#parts.authentication.restart(data);
    this.#parts.timers.reauthenticating();
  }

  /** After an `auth-success` that is `initial`: the owner believes the server, and what its CONNACK says counts from now on. */
  admit(): void {
    this.#present.admit();
  }

  /** Sends SUBSCRIBE; returns its packet id (60001 and above), which the `subscribed` event repeats. */
  subscribe(subscriptions: readonly SubscriptionRequest[], properties?: Properties): number {
    const request = { subscriptions, ...(properties && { properties }) };
    return this.#parts.requests.subscribe(request, this.#present.sending ?? notConnected());
  }

  /** Sends UNSUBSCRIBE; returns its packet id, which the `unsubscribed` event repeats. */
  unsubscribe(filters: readonly string[], properties?: Properties): number {
    if (this.#present.sending === undefined) notConnected();
    return this.#parts.requests.unsubscribe(filters, properties);
  }

  /** Sends DISCONNECT (default 0x00); nothing is written after it. The session expiry is not changed (R15). */
  disconnect(reasonCode = 0, properties?: Properties): void {
    this.#present.disconnect(reasonCode, properties);
  }

  /**
   * What a commit that covers the messages up to this token must remember (R2): the packet ids, in order of arrival, of those that came
   * at QoS 2 and whose PUBREL has not come, as runs: pairs of the first id and how many follow each other. The ids of the others are
   * forgotten by that commit (R3).
   */
  inboundIdRuns(through: number): Uint16Array {
    return this.#qos2.idRunsThrough(through);
  }

  /**
   * What the same commit must remember so that messages that come again are told although they are finished (R2b): the ids that are
   * forgotten by this commit or were by earlier ones, how the server counts, and those pages of digests that changed since this was
   * called last: the others stay as an earlier commit has them.
   */
  changedInboundMemory(): InboundMemory {
    return this.#qos2.changedMemory();
  }

  /** A copy that shares nothing mutable with the session. */
  state(): SessionState {
    const { burnt } = this.#outbound;
    const memory = this.#qos2.memory();
    const rows = { inbound: this.#qos2.rows(), outbound: this.#outbound.rows() };
    return {
      epoch: this.#parts.epoch.number,
      ...rows,
      ...(memory && { memory }),
      ...(burnt.length > 0 && { burnt: [...burnt] }),
    };
  }
}

function notConnected(): never {
  throw invalidState('There is no connection now');
}
