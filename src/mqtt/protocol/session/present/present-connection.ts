import { MillraceError } from '../../../../errors/index.js';
import { invalidState, protocolError } from '../../codec/protocol-error.js';
import type { AuthPacket, ConnackPacket, Packet } from '../../packet.js';
import type { Properties } from '../../properties.js';
import type { Rejection } from '../../rejection.js';
import { disconnectedByBroker, endedByBroker } from '../handshake/broker-refusal.js';
import { disconnectForError, disconnectPacket } from '../handshake/disconnect-packet.js';
import type { InboundMessages } from '../inbound/inbound-messages.js';
import type { Qos2Messages } from '../inbound/qos2-messages.js';
import type { OutboundMessages } from '../outbound/outbound-messages.js';
import type { OutboundTurns } from '../outbound/outbound-turns.js';
import { type ServerPacket, serverPacket } from '../server-packet.js';
import type { ServerLimits, SubscriptionAnswerEvent } from '../session-event.js';
import type { ConnectRequest } from '../session-options.js';
import type { SessionParts } from '../session-parts.js';
import { ENOUGH_PARKED_BYTES, PARKED_BYTES, PacketBoundary } from './packet-boundary.js';
import type { SessionPings } from './session-pings.js';
import type { SessionTimers, Silence } from './session-timers.js';
import { silenceError, unansweredError } from './silence-error.js';

/**
 * `idle`: no connection. `connecting`: CONNECT written. `connected`: CONNACK came; what may flow is for the settlement to say.
 * `over`: the connection has ended or DISCONNECT is written, `connectionLost` is awaited.
 */
type Phase = 'idle' | 'connecting' | 'connected' | 'over';

/**
 * How far the connection of a session is, one after another, and what that lets through. It decides who sees a packet: the settlement
 * whose session it is, the inbound and outbound side their flows, the timers that somebody spoke. The invariants:
 * Z1. Nothing is read before CONNACK but AUTH, and nothing behind it while the owner is asked something (`#parking`): the bytes wait in
 *     the boundary, at most 16 MiB of them.
 * Z2. Nothing new goes out before the session is settled (`sending`): CONNECT, AUTH, PINGREQ, DISCONNECT, the question of a proof, and the
 *     answers to what the server sends meanwhile (R14b). Nothing after DISCONNECT.
 * Z3. Messages begin only when all is handled that came with CONNACK: no answer in it can be meant for them (R14a).
 * Z4. A `close` event is the last of its connection. What comes after it is ignored, until `connectionLost`.
 */
export class PresentConnection {
  readonly #parts: SessionParts;
  readonly #timers: SessionTimers;
  readonly #inbound: InboundMessages;
  readonly #qos2: Qos2Messages;
  readonly #outbound: OutboundMessages;
  readonly #turns: OutboundTurns;
  readonly #pings: SessionPings;
  #phase: Phase = 'idle';
  #boundary: PacketBoundary | undefined;
  #reading = true;
  /** What is received waits: the owner has to decide something before anything more is handled. See `#review`. */
  #parking = false;
  /** What the server allows, while messages and requests may go out. Written by `#review` alone. */
  sending: ServerLimits | undefined;
  /** As in `Session`. Written by `connectionLost` alone. */
  lastOwed = 0;
  /** The same. */
  lastAlone = -1;

  constructor(parts: SessionParts, pings: SessionPings) {
    this.#parts = parts;
    this.#timers = parts.timers;
    this.#inbound = parts.inbound;
    this.#qos2 = parts.inbound.qos2;
    this.#outbound = parts.outbound;
    this.#turns = parts.outbound.turns;
    this.#pings = pings;
  }

  /** As in `Session`. */
  get limits(): ServerLimits | undefined {
    return this.#phase === 'connected' ? this.#boundary?.limits : undefined;
  }

  /** As in `Session`. */
  get congested(): boolean {
    return this.#parts.settlement.asking && (this.#boundary?.parked ?? 0) > ENOUGH_PARKED_BYTES;
  }

  /** That of the PUBLISH at hand. */
  rejectionOf(error: MillraceError): Rejection | undefined {
    return this.#boundary?.decoder.rejection(error);
  }

  /** As in `Session`. */
  connect(request: ConnectRequest, now: number): void {
    const { options, output, handshake, epoch, authentication } = this.#parts;
    if (this.#phase !== 'idle') throw invalidState('There is a connection already');
    // throws for a CONNECT that must not be sent: then nothing has begun
    output.open(handshake.connectPacket(request));
    this.#boundary = new PacketBoundary(request, options);
    this.#phase = 'connecting';
    epoch.connecting(request);
    authentication.connecting(request);
    this.#review();
    this.#reading = true;
    this.#timers.connecting(now, output.packets);
    this.#qos2.observe(now);
  }

  /** As in `Session`. */
  receive(bytes: Uint8Array, now: number): void {
    const boundary = this.#boundary;
    if (boundary === undefined || this.#phase === 'over') return;
    this.observe(now);
    boundary.push(bytes);
    if (this.#parking && boundary.parked > PARKED_BYTES) {
      this.#fail(protocolError(`more than ${PARKED_BYTES} bytes before the session was settled`));
      return;
    }
    this.#handlePackets(boundary, bytes.length);
  }

  /** As `Session.connectionLost`. */
  lost(): void {
    const { settlement, requests, output } = this.#parts;
    this.#phase = 'idle';
    this.#boundary = undefined;
    // before what counts is reset: it tells how this connection ended (R20a)
    this.lastOwed = this.#turns.owed + requests.pending;
    this.lastAlone = this.lastOwed === 1 ? this.#turns.alone : -1;
    settlement.end();
    this.#review();
    output.discard();
    this.#timers.stop();
    this.#inbound.connectionLost();
    this.#outbound.connectionLost();
    requests.connectionLost();
  }

  /** As in `Session`. */
  handleTimeout(now: number): void {
    if (this.#boundary === undefined || this.#phase === 'over') return;
    this.observe(now);
    const silence = this.#timers.silence();
    if (silence !== undefined) {
      this.#end(this.#silenceError(silence));
      return;
    }
    // commands have no clock: what they made the server owe is watched from here on
    this.#timers.watchAcks(this.#turns.owed, false);
    this.#qos2.handleTimeout();
    if (this.#timers.pingDue) this.#pings.ping();
  }

  /** As in `Session`. */
  deadline(): number {
    const inbound = this.#phase === 'connected' ? this.#qos2.deadline() : Number.POSITIVE_INFINITY;
    return Math.min(this.#timers.deadline(this.#turns.owed), inbound);
  }

  /** As in `Session`. */
  setReading(reading: boolean, now: number): void {
    this.#reading = reading;
    this.observe(now);
    this.#listen();
  }

  /** Takes the time in, before anything is done at it. */
  observe(now: number): void {
    this.#timers.observe(now, this.#parts.output.packets);
    this.#qos2.observe(now);
  }

  /** The owner has decided whose the session is: what waited behind CONNACK is read, if there is a connection. */
  readOn(): void {
    if (this.#phase !== 'connected' || this.#boundary === undefined) return;
    this.#listen();
    this.#handlePackets(this.#boundary, 0);
  }

  /** As in `Session`. */
  admit(): void {
    this.#parts.authentication.admit();
    const boundary = this.#boundary;
    if (this.#phase !== 'connecting' || boundary?.connack === undefined) return;
    this.#connected(boundary, boundary.connack);
    // what came behind CONNACK has waited for this (Z1)
    this.#handlePackets(boundary, 0);
  }

  /** As in `Session`. */
  disconnect(reasonCode: number, properties: Properties | undefined): void {
    const request = this.#boundary?.request;
    if (request === undefined || this.#phase === 'over') return;
    // the PUBCOMPs that waited for a fence go out before it, for nothing may follow (Z2)
    this.#qos2.end();
    this.#parts.output.write(disconnectPacket(request, { reasonCode, ...(properties && { properties }) }));
    this.#finish();
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
    if (this.#turns.wantsPing) this.#pings.probe();
    this.#timers.heard(bytes, packets);
    // an acknowledgement that moves nothing is no progress (R21)
    this.#timers.watchAcks(this.#turns.owed, this.#outbound.answers !== answers);
  }

  #dispatch(packet: ServerPacket): void {
    if (this.#parts.options.onlyWatches === true && !OF_CONNECTION.has(packet.type)) return;
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
        this.#handleAnswer(this.#parts.requests.handle(packet));
        break;
      case 'pingresp':
        this.#pings.answered();
        break;
      case 'auth':
        this.#handleAuth(packet);
        break;
      case 'disconnect':
        if (this.#boundary?.request.version === 5) this.#end(disconnectedByBroker(packet));
        else this.#end(endedByBroker(), true);
    }
  }

  #handleAuth(packet: AuthPacket): void {
    this.#parts.authentication.handle(packet, true);
    if (packet.reasonCode === 0) this.#timers.reauthenticated();
  }

  #handleAnswer(answer: SubscriptionAnswerEvent | undefined): void {
    if (answer === undefined) return;
    if (!this.#parts.settlement.answered(answer)) {
      this.#parts.events.push(answer);
      return;
    }
    this.#listen();
    this.#inbound.handleHeld();
  }

  #handleFirst(boundary: PacketBoundary, packet: Packet): void {
    const connack = this.#parts.handshake.handle(packet, boundary);
    this.#review();
    if (connack !== undefined) this.#connected(boundary, connack);
  }

  #connected(boundary: PacketBoundary, connack: ConnackPacket): void {
    const { handshake, output, events, settlement } = this.#parts;
    const { event, fresh } = handshake.conclude(boundary, connack);
    // they bind from here on, also on the question of a proof
    output.limit(event.limits.maximumPacketSize);
    this.#timers.connected(event.limits.keepAlive);
    events.push(event);
    this.#phase = 'connected';
    // behind `connected`, for it may ask something
    settlement.begin(boundary.request, fresh);
    this.#listen();
  }

  /** To be called after whatever may change what the settlement or the authentication lets through. */
  #review(): void {
    const { settlement, authentication } = this.#parts;
    this.#parking = settlement.asking || authentication.confirming;
    this.sending = settlement.settled ? this.#boundary?.limits : undefined;
  }

  /** The server's silence means something while what it sends is read. */
  #listen(): void {
    this.#review();
    this.#timers.setListening(this.#reading && !this.#parts.settlement.asking);
  }

  /**
   * Outgoing messages begin when all is read that came with CONNACK, or while a lost session was settled: nothing of that
   * can be an answer to them (R14a).
   */
  #begin(boundary: PacketBoundary): void {
    if (this.sending === undefined) return;
    boundary.begun = true;
    const { options, settlement } = this.#parts;
    const { maxInflight = Number.MAX_SAFE_INTEGER } = boundary.request;
    this.#outbound.begin(this.sending, Math.min(options.maxInflight, maxInflight), settlement.unverified);
  }

  /** It is not the server who is silent while it waits for our part of an authentication. */
  #silenceError(silence: Silence): MillraceError {
    const ours = (silence === 'CONNACK' || silence === 'AUTH') && this.#parts.authentication.isOurTurn;
    if (ours) return unansweredError();
    const owed = this.#outbound.oldestInDoubt();
    const version = this.#boundary?.request.version ?? 5;
    return silenceError(
      silence,
      version,
      owed && { topic: owed.message.topic, qos: owed.message.qos, packetId: owed.packetId },
    );
  }

  /** The peer broke the protocol, which a 5.0 server that accepted us is told [MQTT-4.13.1-1], or it refused the connection. */
  #fail(error: MillraceError): void {
    if (this.#boundary?.accepted === true && this.#boundary.request.version === 5) {
      this.#parts.output.write(disconnectForError(error));
    }
    this.#end(error);
  }

  #end(error: MillraceError, inOrder = false): void {
    this.#finish();
    this.#parts.events.push({ type: 'close', error, inOrder });
  }

  #finish(): void {
    this.#phase = 'over';
    this.#parts.settlement.end();
    this.#review();
    this.#parts.output.seal();
    this.#timers.stop();
    this.#qos2.fence.stop();
  }
}

/** What a server sends that is no part of a session's messages. */
const OF_CONNECTION: ReadonlySet<ServerPacket['type']> = new Set<ServerPacket['type']>([
  'pingresp',
  'auth',
  'disconnect',
]);
