import { MillraceError } from '../../../errors/index.js';
import { invalidState, protocolError } from '../codec/protocol-error.js';
import type { AuthPacket, ConnackPacket, Packet, SubscriptionRequest } from '../packet.js';
import type { Properties } from '../properties.js';
import { EventQueue } from './event-queue.js';
import type { PubcompFence } from './finished/pubcomp-fence.js';
import { disconnectedByBroker } from './handshake/broker-refusal.js';
import { disconnectForError, disconnectPacket } from './handshake/disconnect-packet.js';
import { SessionAuthentication } from './handshake/session-authentication.js';
import { SessionHandshake } from './handshake/session-handshake.js';
import { InboundMessages } from './inbound/inbound-messages.js';
import type { Qos2Messages } from './inbound/qos2-messages.js';
import { OutboundMessages } from './outbound/outbound-messages.js';
import type { OutboundTurns } from './outbound/outbound-turns.js';
import type { OutboundMessage } from './outbound-message.js';
import { ENOUGH_PARKED_BYTES, PARKED_BYTES, PacketBoundary } from './packet-boundary.js';
import { PacketOutput } from './packet-output.js';
import type { MarkerQuestion } from './proof/session-proof.js';
import { type ServerPacket, serverPacket } from './server-packet.js';
import { SessionEpoch } from './session-epoch.js';
import type { ServerLimits, SessionEvent, SubscriptionAnswerEvent } from './session-event.js';
import type { ConnectRequest, SessionOptions } from './session-options.js';
import { SessionSettlement } from './session-settlement.js';
import type { InboundMemory, SessionState } from './session-state.js';
import { SessionTimers, type Silence } from './session-timers.js';
import { silenceError, unansweredError } from './silence-error.js';
import { SubscriptionRequests } from './subscription-requests.js';

/**
 * `idle`: no connection. `connecting`: CONNECT written. `connected`: CONNACK came; what may flow is for the settlement to say.
 * `over`: the connection has ended or DISCONNECT is written, `connectionLost` is awaited.
 */
type Phase = 'idle' | 'connecting' | 'connected' | 'over';

/**
 * One MQTT session of a client, over any number of connections, without a socket, timer or clock.
 * Bytes, commands and `now` (milliseconds of a monotonic clock) go in; events, bytes and a deadline come out.
 *
 * It owns the state that outlives a connection (`state()`), and decides who sees a packet: the settlement whose session it is, the inbound
 * and outbound side their flows, the timers that somebody spoke. What is of one connection alone stands in its PacketBoundary. The invariants:
 * Z1. Nothing is read before CONNACK but AUTH, and nothing behind it while the owner is asked something (`#parking`): the bytes wait in
 *     the boundary, at most 16 MiB of them.
 * Z2. Nothing new goes out before the session is settled: CONNECT, AUTH, PINGREQ, DISCONNECT, the question of a proof, and the answers to what
 *     the server sends meanwhile (R14b). Nothing after DISCONNECT.
 * Z3. Messages begin only when all is handled that came with CONNACK: no answer in it can be meant for them (R14a).
 * Z4. A `close` event is the last of its connection. What comes after it is ignored, until `connectionLost`.
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
  readonly #options: SessionOptions;
  readonly #events = new EventQueue();
  readonly #output = new PacketOutput();
  readonly #timers: SessionTimers;
  readonly #inbound: InboundMessages;
  readonly #qos2: Qos2Messages;
  readonly #fence: PubcompFence;
  readonly #outbound: OutboundMessages;
  readonly #turns: OutboundTurns;
  readonly #requests: SubscriptionRequests;
  readonly #epoch: SessionEpoch;
  readonly #settlement: SessionSettlement;
  readonly #authentication: SessionAuthentication;
  readonly #handshake: SessionHandshake;
  #phase: Phase = 'idle';
  #boundary: PacketBoundary | undefined;
  #reading = true;
  /** What is received waits: the owner has to decide something before anything more is handled. See `#review`. */
  #parking = false;
  /** Those of the server while messages and requests may go out. See `#review`. */
  #limits: ServerLimits | undefined;
  #lastOwed = 0;
  #lastAlone = -1;

  constructor(options: SessionOptions) {
    const { epoch, inbound, outbound, burnt }: SessionState = options.state ?? { epoch: 0, inbound: [], outbound: [] };
    const { topicAliasMaximum, settlesEmpty = false, storesIds = false } = options;
    this.#options = options;
    this.#epoch = new SessionEpoch(epoch);
    this.#timers = new SessionTimers(options);
    this.#inbound = new InboundMessages(this.#output, this.#events, {
      topicAliasMaximum,
      storesIds,
      rejectionOf: options.tolerance && ((error) => this.#boundary?.decoder.rejection(error)),
      rows: inbound,
      memory: options.state?.memory,
    });
    this.#qos2 = this.#inbound.qos2;
    this.#fence = this.#qos2.fence;
    this.#outbound = new OutboundMessages(this.#output, this.#events, { rows: outbound, burnt });
    this.#turns = this.#outbound.turns;
    // the inbound side's fence, too: any answer shows that the server has read the PUBCOMPs before its request
    this.#requests = new SubscriptionRequests(this.#output, this.#fence);
    this.#authentication = new SessionAuthentication(this.#output, this.#events);
    this.#handshake = new SessionHandshake({ options, authentication: this.#authentication, epoch: this.#epoch });
    this.#settlement = new SessionSettlement({
      epoch: this.#epoch,
      inbound: this.#inbound,
      outbound: this.#outbound,
      requests: this.#requests,
      events: this.#events,
      settlesEmpty,
    });
  }

  /** The transport is open: writes CONNECT. */
  connect(request: ConnectRequest, now: number): void {
    if (this.#phase !== 'idle') throw invalidState('There is a connection already');
    // throws for a CONNECT that must not be sent: then nothing has begun
    this.#output.open(this.#handshake.connectPacket(request));
    this.#boundary = new PacketBoundary(request, this.#options);
    this.#phase = 'connecting';
    this.#epoch.connecting(request);
    this.#authentication.connecting(request);
    this.#review();
    this.#reading = true;
    this.#timers.connecting(now, this.#output.packets);
    this.#qos2.observe(now);
  }

  /** Bytes from the transport. Payload views of `message` events point into them. Ignored after a `close` event. */
  receive(bytes: Uint8Array, now: number): void {
    const boundary = this.#boundary;
    if (boundary === undefined || this.#phase === 'over') return;
    this.#observe(now);
    boundary.push(bytes);
    if (this.#parking && boundary.parked > PARKED_BYTES) {
      this.#fail(protocolError(`more than ${PARKED_BYTES} bytes before the session was settled`));
      return;
    }
    this.#handlePackets(boundary, bytes.length);
  }

  /** The transport is gone, for whatever reason. The session stays. */
  connectionLost(_now: number): void {
    this.#phase = 'idle';
    this.#boundary = undefined;
    // before what counts is reset: it tells how this connection ended (R20a)
    this.#lastOwed = this.#turns.owed + this.#requests.pending;
    this.#lastAlone = this.#lastOwed === 1 ? this.#turns.alone : -1;
    this.#settlement.end();
    this.#review();
    this.#output.discard();
    this.#timers.stop();
    this.#inbound.connectionLost();
    this.#outbound.connectionLost();
    this.#requests.connectionLost();
  }

  /**
   * To be called when `deadline()` has passed. Tolerates being called early or late: a driver that was stalled gives the peer a grace
   * before it is declared silent.
   */
  handleTimeout(now: number): void {
    if (this.#boundary === undefined || this.#phase === 'over') return;
    this.#observe(now);
    const silence = this.#timers.silence();
    if (silence !== undefined) {
      this.#end(this.#silenceError(silence));
      return;
    }
    // commands have no clock: what they made the server owe is watched from here on
    this.#timers.watchAcks(this.#turns.owed, false);
    this.#qos2.handleTimeout();
    if (this.#timers.pingDue) this.#ping();
  }

  /** When `handleTimeout` wants to be called next, in the milliseconds of `now`; Infinity for never. */
  deadline(): number {
    const inbound = this.#phase === 'connected' ? this.#qos2.deadline() : Number.POSITIVE_INFINITY;
    return Math.min(this.#timers.deadline(this.#turns.owed), inbound);
  }

  /**
   * The driver stopped or went on reading the socket (byte bound, QoS 0 policy `pause`): suspends the PINGRESP timer; PINGREQ still goes
   * out.
   */
  setReading(reading: boolean, now: number): void {
    this.#reading = reading;
    this.#observe(now);
    this.#listen();
  }

  /** What came behind CONNACK waits for the owner's decision and is enough for now: the driver does not read on. */
  get congested(): boolean {
    return this.#settlement.asking && (this.#boundary?.parked ?? 0) > ENOUGH_PARKED_BYTES;
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
    return this.#phase === 'connected' ? this.#boundary?.limits : undefined;
  }

  /** How many more QoS 1 and 2 messages `publish` takes now (R8a): 0 without a connection. */
  get credit(): number {
    return this.#limits === undefined ? 0 : this.#turns.credit;
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
    return this.#lastOwed;
  }

  /** The message whose PUBLISH was all that was unanswered then, after an answered PINGREQ at a pace of one; -1 for none (R20a). */
  get lastAlone(): number {
    return this.#lastAlone;
  }

  /** That of the session whose state this is: a lost one stays current until `startEpoch`. 0 before the first. */
  get epoch(): number {
    return this.#epoch.current;
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
    this.#observe(now);
    this.#turns.pace(window);
    if (this.#turns.wantsPing) this.#probe();
  }

  /** Sends one message on this connection. QoS 1 and 2 need `credit` > 0 and a seq above all earlier ones. */
  publish(message: OutboundMessage): void {
    this.#outbound.publish(message, this.#limits ?? notConnected());
    if (this.#turns.wantsPing) this.#probe();
  }

  /**
   * As `publish`, for a message that others have passed: one that was refused and is published again as a new one, or one that waited
   * for such a one (R20). Its number is any that is not in flight. A re-send after a cut goes by the numbers (R12).
   */
  publishLate(message: OutboundMessage): void {
    this.#turns.publish(message, this.#limits ?? notConnected());
    if (this.#turns.wantsPing) this.#probe();
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
   * a QoS 2 message is burnt for the session: the server may hold the message half-done. @throws MillraceError PUBLISH_REFUSED when too many are
   */
  abandon(seq: number): void {
    this.#outbound.abandon(seq);
  }

  /**
   * After `session-lost`: begins the new epoch. `redeliver` sends the messages in doubt again as new ones, in order;
   * `drop` gives them up (they are returned); inbound ids are forgotten (R5).
   */
  startEpoch(policy: 'redeliver' | 'drop'): readonly OutboundMessage[] {
    const givenUp = this.#settlement.startEpoch(policy);
    this.#readOn();
    return givenUp;
  }

  /**
   * After `session-unproven` (5.0): asks the server to unsubscribe filters that only our session can have, and such as it has no more.
   * `session-proven` or `session-lost` follows. The filters are gone then. Messages wait for it.
   */
  prove(question: MarkerQuestion): void {
    this.#settlement.prove(question);
    this.#readOn();
  }

  /**
   * After `prove`, when the server is slow to answer: it may wait for an acknowledgement itself (R14b). From now on messages whose ids
   * are not known (R2) are delivered; the others still wait.
   */
  takeNew(): void {
    this.#settlement.takeNew();
    this.#readOn();
  }

  /** After `session-unproven`: goes on with the server's session as if it were ours; events say where that makes a difference. */
  trust(): void {
    this.#settlement.trust();
    this.#readOn();
  }

  /** After `auth-challenge`: sends AUTH 0x18 with our Authentication Data [MQTT-4.12.0-3]. */
  authenticate(data: Uint8Array | undefined): void {
    this.#authentication.answer(data);
  }

  /**
   * Authenticates anew while messages flow (AUTH 0x19), with the method of CONNECT [MQTT-4.12.1-1]. `auth-challenge` and `auth-success`
   * follow, or the server ends the connection. INVALID_STATE without a method, or before the one under way is over.
   */
  reauthenticate(data: Uint8Array | undefined): void {
    if (this.#limits === undefined) notConnected();
    this.#authentication.restart(data);
    this.#timers.reauthenticating();
  }

  /** After an `auth-success` that is `initial`: the owner believes the server, and what its CONNACK says counts from now on. */
  admit(): void {
    this.#authentication.admit();
    const boundary = this.#boundary;
    if (this.#phase !== 'connecting' || boundary?.connack === undefined) return;
    this.#connected(boundary, boundary.connack);
    // what came behind CONNACK has waited for this (Z1)
    this.#handlePackets(boundary, 0);
  }

  /** Sends SUBSCRIBE; returns its packet id (60001 and above), which the `subscribed` event repeats. */
  subscribe(subscriptions: readonly SubscriptionRequest[], properties?: Properties): number {
    const request = { subscriptions, ...(properties && { properties }) };
    return this.#requests.subscribe(request, this.#limits ?? notConnected());
  }

  /** Sends UNSUBSCRIBE; returns its packet id, which the `unsubscribed` event repeats. */
  unsubscribe(filters: readonly string[], properties?: Properties): number {
    if (this.#limits === undefined) notConnected();
    return this.#requests.unsubscribe(filters, properties);
  }

  /** Sends DISCONNECT (default 0x00); nothing is written after it. The session expiry is not changed (R15). */
  disconnect(reasonCode = 0, properties?: Properties): void {
    const request = this.#boundary?.request;
    if (request === undefined || this.#phase === 'over') return;
    // the PUBCOMPs that waited for a fence go out before it, for nothing may follow (Z2)
    this.#qos2.end();
    this.#output.write(disconnectPacket(request, { reasonCode, ...(properties && { properties }) }));
    this.#finish();
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
      epoch: this.#epoch.number,
      ...rows,
      ...(memory && { memory }),
      ...(burnt.length > 0 && { burnt: [...burnt] }),
    };
  }

  #observe(now: number): void {
    this.#timers.observe(now, this.#output.packets);
    this.#qos2.observe(now);
  }

  #handlePackets(boundary: PacketBoundary, bytes: number): void {
    const answers = this.#outbound.answers;
    let packets = 0;
    try {
      // what waited for the proof of the session came before all that is read now
      this.#inbound.handleHeld();
      while (this.#phase !== 'over' && !this.#parking) {
        boundary.parked = 0;
        const packet = boundary.decoder.next();
        if (packet === undefined) break;
        packets += 1;
        if (boundary.accepted) this.#dispatch(serverPacket(packet, boundary.request));
        else this.#handleFirst(boundary, packet);
      }
    } catch (error) {
      this.#fail(MillraceError.from(error));
      return;
    }
    if (this.#phase === 'over') return;
    // after all of them: the fence that is awaited may have been among them
    if (packets > 0) this.#qos2.heard();
    // Z3
    if (!boundary.begun) this.#begin(boundary);
    if (this.#turns.wantsPing) this.#probe();
    this.#timers.heard(bytes, packets);
    // an acknowledgement that moves nothing is no progress (R21)
    this.#timers.watchAcks(this.#turns.owed, this.#outbound.answers !== answers);
  }

  #dispatch(packet: ServerPacket): void {
    if (this.#options.onlyWatches === true && !OF_CONNECTION.has(packet.type)) return;
    switch (packet.type) {
      case 'publish':
        this.#inbound.handlePublish(packet);
        break;
      case 'pubrel':
        this.#qos2.handleRelease(packet);
        break;
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
        this.#outbound.handle(packet);
        break;
      case 'suback':
      case 'unsuback':
        this.#handleAnswer(this.#requests.handle(packet));
        break;
      case 'pingresp':
        this.#handlePingresp();
        break;
      case 'auth':
        this.#handleAuth(packet);
        break;
      case 'disconnect':
        this.#end(disconnectedByBroker(packet));
    }
  }

  #handleAuth(packet: AuthPacket): void {
    this.#authentication.handle(packet, true);
    if (packet.reasonCode === 0) this.#timers.reauthenticated();
  }

  #handlePingresp(): void {
    this.#timers.pingAnswered();
    this.#fence.pingAnswered();
    // last, for it may send what waited to hear that the server lives (R20a)
    this.#turns.pingAnswered();
  }

  #ping(): void {
    this.#output.write({ type: 'pingreq' });
    this.#timers.pingSent();
    this.#fence.pingSent();
  }

  /** R20a: at a pace of one the server shows that it lives before each PUBLISH. */
  #probe(): void {
    if (this.#requests.pending > 0) return;
    this.#ping();
    this.#turns.pinged(this.#fence.pings);
  }

  #handleAnswer(answer: SubscriptionAnswerEvent | undefined): void {
    if (answer === undefined) return;
    if (!this.#settlement.answered(answer)) {
      this.#events.push(answer);
      return;
    }
    this.#listen();
    this.#inbound.handleHeld();
  }

  #handleFirst(boundary: PacketBoundary, packet: Packet): void {
    const connack = this.#handshake.handle(packet, boundary);
    this.#review();
    if (connack !== undefined) this.#connected(boundary, connack);
  }

  #connected(boundary: PacketBoundary, connack: ConnackPacket): void {
    const { event, fresh } = this.#handshake.conclude(boundary, connack);
    // they bind from here on, also on the question of a proof
    this.#output.limit(event.limits.maximumPacketSize);
    this.#timers.connected(event.limits.keepAlive);
    this.#events.push(event);
    this.#phase = 'connected';
    // behind `connected`, for it may ask something
    this.#settlement.begin(boundary.request, fresh);
    this.#listen();
  }

  /** The owner has decided: what waited behind CONNACK is read, if there is a connection. */
  #readOn(): void {
    if (this.#phase !== 'connected' || this.#boundary === undefined) return;
    this.#listen();
    this.#handlePackets(this.#boundary, 0);
  }

  /** To be called after whatever may change what the settlement or the authentication lets through. */
  #review(): void {
    this.#parking = this.#settlement.asking || this.#authentication.confirming;
    this.#limits = this.#settlement.settled ? this.#boundary?.limits : undefined;
  }

  /** It is not the server who is silent while it waits for our part of an authentication. */
  #silenceError(silence: Silence): MillraceError {
    const ours = (silence === 'CONNACK' || silence === 'AUTH') && this.#authentication.isOurTurn;
    if (ours) return unansweredError();
    const owed = this.#outbound.oldestInDoubt();
    const version = this.#boundary?.request.version ?? 5;
    return silenceError(
      silence,
      version,
      owed && { topic: owed.message.topic, qos: owed.message.qos, packetId: owed.packetId },
    );
  }

  /** The server's silence means something while what it sends is read. */
  #listen(): void {
    this.#review();
    this.#timers.setListening(this.#reading && !this.#settlement.asking);
  }

  /**
   * Outgoing messages begin when all is read that came with CONNACK, or while a lost session was settled: nothing of that
   * can be an answer to them (R14a).
   */
  #begin(boundary: PacketBoundary): void {
    if (this.#limits === undefined) return;
    boundary.begun = true;
    const { maxInflight = Number.MAX_SAFE_INTEGER } = boundary.request;
    this.#outbound.begin(this.#limits, Math.min(this.#options.maxInflight, maxInflight), this.#settlement.unverified);
  }

  /** The peer broke the protocol, which a 5.0 server that accepted us is told [MQTT-4.13.1-1], or it refused the connection. */
  #fail(error: MillraceError): void {
    if (this.#boundary?.accepted === true && this.#boundary.request.version === 5) {
      this.#output.write(disconnectForError(error));
    }
    this.#end(error);
  }

  #end(error: MillraceError): void {
    this.#finish();
    this.#events.push({ type: 'close', error });
  }

  #finish(): void {
    this.#phase = 'over';
    this.#settlement.end();
    this.#review();
    this.#output.seal();
    this.#timers.stop();
    this.#fence.stop();
  }
}

/** What a server sends that is no part of a session's messages. */
const OF_CONNECTION: ReadonlySet<ServerPacket['type']> = new Set<ServerPacket['type']>([
  'pingresp',
  'auth',
  'disconnect',
]);

function notConnected(): never {
  throw invalidState('There is no connection now');
}
