import { MillraceError } from '../../../../errors/index.js';
import { protocolError } from '../../codec/refusal.js';
import type { AckPacket, PublishPacket } from '../../packet.js';
import type { Rejection } from '../../rejection.js';
import type { EventQueue } from '../event-queue.js';
import { CompletionHold } from '../finished/completion-hold.js';
import { FinishedIds } from '../finished/finished-ids.js';
import { messageDigest } from '../finished/message-digest.js';
import { MessageDigests } from '../finished/message-digests.js';
import { PubcompFence } from '../finished/pubcomp-fence.js';
import { PARKED_BYTES } from '../packet-boundary.js';
import type { PacketOutput } from '../packet-output.js';
import { isBare, ProofGate } from '../proof/proof-gate.js';
import type { InboundMemory, InboundRow } from '../session-state.js';
import type { Transition } from '../transition-table.js';
import { AckQueue } from './ack-queue.js';
import type { InboundAction, InboundFlow, InboundPosition, InboundSignal } from './inbound-flow.js';
import { INBOUND_QOS1 } from './inbound-qos1.js';
import { INBOUND_QOS2 } from './inbound-qos2.js';
import { type InboundMessage, InboundRows } from './inbound-rows.js';
import { TopicAliases, withoutAlias } from './topic-aliases.js';

const SUCCESS = 0x00;
const IDENTIFIER_NOT_FOUND = 0x92;
const PACKET_IDS = 65_535;

/** What the inbound side must know for its whole life. */
export interface InboundOptions {
  readonly topicAliasMaximum: number;
  /** As in `SessionOptions`. */
  readonly storesIds: boolean;
  /** The rejection of the PUBLISH at hand; absent where an error of its topic alias ends the connection. */
  readonly rejectionOf: ((error: MillraceError) => Rejection | undefined) | undefined;
  readonly rows: readonly InboundRow[];
  readonly memory: InboundMemory | undefined;
}

/** A copy that waits until the session is proven. */
interface HeldCopy {
  readonly packet: PublishPacket;
  readonly topic: string;
}

/**
 * Incoming messages. A QoS 1 message lives as long as its connection, a QoS 2 message as long as the epoch; its PUBREC goes
 * out on the connection on which its latest copy came (R14a), after those of all that came before it (R14).
 *
 * A server that sends more than our Receive Maximum [MQTT-3.3.4-9] is tolerated: mosquitto 2.0.11 does so with every backlog
 * above it, at the first PUBACK, and a DISCONNECT 0x93 would bring it all again. The packet ids are the bound here; what is
 * not polled has bounds in count and bytes above.
 */
export class InboundMessages {
  readonly #output: PacketOutput;
  readonly #events: EventQueue;
  readonly #options: InboundOptions;
  readonly #aliases: TopicAliases;
  readonly #qos1 = new AckQueue();
  /** 1 for each packet id that a message of `#qos1` has. */
  readonly #qos1Ids = new Uint8Array(PACKET_IDS + 1);
  readonly #qos2 = new InboundRows();
  /** What waits until the session is proven. */
  readonly gate = new ProofGate((packetId) => this.#qos2.isOfEarlier(packetId));
  readonly #digests: MessageDigests;
  readonly #finished: FinishedIds;
  /** Shows what may leave `#finished`. */
  readonly fence: PubcompFence;
  readonly #completions: CompletionHold;
  /** While the session is being proven: what came again of the session that it may not be. */
  #held: HeldCopy[] | undefined;
  #heldBytes = 0;
  #token: number;

  constructor(output: PacketOutput, events: EventQueue, options: InboundOptions) {
    this.#output = output;
    this.#events = events;
    this.#options = options;
    this.#aliases = new TopicAliases(options.topicAliasMaximum);
    this.#qos2.restore(options.rows);
    this.#digests = new MessageDigests(options.memory?.digests);
    this.#finished = new FinishedIds(this.#digests, options.memory?.finished, options.memory?.counter);
    this.fence = new PubcompFence(this.#finished, output);
    this.#completions = new CompletionHold(this.#finished);
    this.#token = options.rows.reduce((highest, { token }) => Math.max(highest, token + 1), 0);
  }

  /** QoS 2 messages whose id is not released. */
  get size(): number {
    return this.#qos2.size;
  }

  /** Takes the time in, before anything is done at it. */
  observe(now: number): void {
    this.fence.observe(now);
    this.#completions.observe(now);
  }

  /** When `handleTimeout` is wanted; Infinity for never. */
  deadline(): number {
    return Math.min(this.fence.deadline(), this.#completions.deadline());
  }

  handleTimeout(): void {
    this.fence.handleTimeout();
    this.#completions.handleTimeout();
    this.#completeHeld();
  }

  /** Packets came, and are handled: what waited for an answer may go on. */
  heard(): void {
    this.#completions.heard();
    this.#completeHeld();
  }

  /** DISCONNECT is about to be written. */
  end(): void {
    this.#completions.end();
    this.#completeHeld();
  }

  connectionLost(): void {
    this.#aliases.clear();
    this.#qos1.clear();
    this.#qos1Ids.fill(0);
    this.#qos2.nextConnection();
    this.gate.reset();
    this.#takeHeld();
    this.fence.stop();
    this.#completions.connectionLost();
    this.#finished.connectionLost();
  }

  /** A new epoch: the ids of the old one mean nothing (R5). What has come on this connection is of the new one. */
  startEpoch(): void {
    this.#qos2.dropEarlier();
    this.#finished.startEpoch();
    for (const { packet, topic } of this.#takeHeld()) this.#take(packet, topic);
  }

  /** The session may not be the one whose state we hold: what it sends again is not answered before `proved` or `startEpoch`. */
  proving(): void {
    this.#held ??= [];
  }

  /** The session is taken for ours. */
  proved(): void {
    for (const { packet, topic } of this.#takeHeld()) this.#answerCopy(packet, topic);
  }

  /** PUBLISH. Throws PROTOCOL_ERROR. */
  handlePublish(packet: PublishPacket): void {
    if (packet.rejection === undefined) this.#handleGood(packet);
    else {
      this.#aliases.forget(packet);
      this.#admit(packet, packet.topic);
    }
  }

  /** Takes what has waited for the proof of the session and passes now, in order (R14b). Throws PROTOCOL_ERROR. */
  handleHeld(): void {
    for (const { packet, topic } of this.gate.takeDue()) {
      const passes = this.gate.passes(packet);
      if (passes && isBare(packet) && !this.#qos2.isOfEarlier(packet.packetId)) throw toComeAgain();
      if (passes && packet.qos === 2) this.#qos2.settleCopy(packet.packetId);
      this.#admit(packet, topic);
    }
  }

  /** PUBREL. Throws PROTOCOL_ERROR for a message that has no PUBREC yet. */
  handleRelease({ packetId }: AckPacket): void {
    const row = this.#qos2.get(packetId);
    const { next, action } = step(INBOUND_QOS2, row?.stage ?? 'free', 'pubrel', packetId);
    if (row === undefined || action !== 'report') {
      const again = this.#finished.answeredAgain(packetId);
      this.#writePubcomp(packetId, again ? SUCCESS : IDENTIFIER_NOT_FOUND);
      return;
    }
    const repeated = !this.#qos2.markReleased(row);
    if (next !== 'free') row.stage = next;
    if (!repeated) this.#events.push({ type: 'release', token: row.token });
  }

  /** Late, repeated and unknown tokens do nothing. */
  accept(token: number): void {
    if (this.#qos1.accept(token)) this.#flushPubacks();
    else this.#acceptQos2(token);
  }

  /**
   * Forgets the id, then answers the PUBREL of this connection; one of an earlier connection is answered when it comes again (R3, R4).
   * What is forgotten is remembered as finished (R2b), and waits while it would be so in vain.
   */
  complete(token: number): void {
    const row = this.#qos2.byToken(token);
    if (row === undefined || INBOUND_QOS2[row.stage].complete === undefined) return;
    if (!this.#completions.holds(token, this.#qos2.isReleasedHere(row))) this.#complete(row);
  }

  /** Copies of the QoS 2 rows, in order of arrival. */
  rows(): InboundRow[] {
    return this.#qos2.toRows();
  }

  /** See `Session.inboundIdRuns`. */
  idRunsThrough(token: number): Uint16Array {
    return this.#qos2.idRunsThrough(token);
  }

  /** R22: a topic alias that stands for nothing rejects its PUBLISH, and no other. */
  #handleGood(packet: PublishPacket): void {
    let topic: string;
    try {
      topic = this.#aliases.resolve(packet);
    } catch (error) {
      const rejection = this.#options.rejectionOf?.(MillraceError.from(error));
      if (rejection === undefined) throw error;
      this.#admit({ ...packet, rejection }, packet.topic);
      return;
    }
    this.#admit(packet, topic);
  }

  /** R14b: a copy of what is known holds its place in the order of PUBRECs (R14) while it waits. */
  #admit(packet: PublishPacket, topic: string): void {
    if (this.gate.passes(packet)) this.#handle(packet, topic);
    else if (this.gate.hold(packet, topic)) this.#qos2.enqueueCopy(packet.packetId, 'taken');
    else this.handleHeld();
  }

  #handle(packet: PublishPacket, topic: string): void {
    if (packet.qos === 0) this.#deliver(packet, topic);
    else if (packet.qos === 1) this.#handleQos1(packet, topic);
    else this.#handleQos2(packet, topic);
  }

  /** R22: what PUBACK or PUBREC says. Below 5.0, and of a QoS 2 message whose id is stored, nothing but success can be said. */
  #answerTo({ qos, rejection }: PublishPacket): number {
    if (rejection === undefined || this.#output.version < 5) return 0;
    return qos === 2 && this.#options.storesIds ? 0 : rejection.reasonCode;
  }

  /** See `Session.changedInboundMemory`. */
  changedMemory(): InboundMemory {
    const finished = this.#finished.state(this.#qos2.released());
    return { finished, counter: this.#finished.counter(), digests: this.#digests.takeChanged() };
  }

  /** What `rows` leaves out; undefined while there is nothing. */
  memory(): InboundMemory | undefined {
    const counter = this.#finished.counter();
    if (counter.newest === 0 && this.#finished.size === 0) return undefined;
    return { finished: this.#finished.state([]), counter, digests: this.#digests.toPages() };
  }

  #complete(row: InboundMessage): void {
    this.#qos2.remove(row);
    const answered = this.#qos2.isReleasedHere(row);
    this.#finished.add(row.packetId, answered);
    if (answered) this.#writePubcomp(row.packetId, SUCCESS);
  }

  #completeHeld(): void {
    for (let token = this.#completions.next(); token !== undefined; token = this.#completions.next()) {
      const row = this.#qos2.byToken(token);
      // its id may mean another message by now (R5a)
      if (row?.stage === 'releasing') this.#complete(row);
    }
  }

  #acceptQos2(token: number): void {
    const row = this.#qos2.byToken(token);
    const transition = row === undefined ? undefined : INBOUND_QOS2[row.stage].accept;
    if (row === undefined || transition?.action !== 'answer' || transition.next === 'free') return;
    row.stage = transition.next;
    this.#flushPubrecs();
  }

  #handleQos1(packet: PublishPacket, topic: string): void {
    const { packetId, dup } = packet;
    const taken = this.#qos1Ids[packetId] === 1;
    const { action } = step(INBOUND_QOS1, taken ? 'taken' : 'free', dup ? 'publish-dup' : 'publish', packetId);
    if (action !== 'deliver') return;
    this.#finished.observe(packetId, dup);
    const other = this.#qos2.get(packetId);
    if (other !== undefined && step(INBOUND_QOS2, other.stage, 'publish-other', packetId).action === 'suspect') {
      this.#dropSuspect(other);
    }
    this.#qos1Ids[packetId] = 1;
    this.#qos1.push(this.#deliver(packet, topic), packetId, this.#answerTo(packet));
  }

  #handleQos2(packet: PublishPacket, topic: string): void {
    const { packetId, dup } = packet;
    if (this.#qos1Ids[packetId] === 1) throw inUse(packetId);
    const row = this.#qos2.get(packetId);
    const { action } = step(INBOUND_QOS2, row?.stage ?? 'free', dup ? 'publish-dup' : 'publish', packetId);
    if (row === undefined && dup) this.#handleUnknown(packet, topic);
    else if (row === undefined) this.#take(packet, topic);
    else if (action === 'suspect') {
      this.#dropSuspect(row);
      this.#take(packet, topic);
    } else {
      this.#qos2.enqueue(row);
      if (action === 'answer') this.#flushPubrecs();
    }
  }

  /** R2b: DUP 1 with an id that R2 does not know is a copy of a finished message, or new. */
  #handleUnknown(packet: PublishPacket, topic: string): void {
    const { packetId } = packet;
    const recognition = this.#finished.recognise(packetId, () => messageDigest(packet, topic));
    if (recognition === 'copy') this.#answerCopy(packet, topic);
    else {
      if (recognition === 'suspect') this.#events.push({ type: 'session-suspect', packetId });
      this.#take(packet, topic);
    }
  }

  /** PUBREC in its place (R14), as for a message that was taken just now. The id stays remembered until the broker is past it. */
  #answerCopy(packet: PublishPacket, topic: string): void {
    const { packetId } = packet;
    if (this.#held !== undefined) {
      this.#qos2.enqueueCopy(packetId, 'taken');
      this.#hold(this.#held, { packet, topic });
      return;
    }
    this.#qos2.enqueueCopy(packetId, 'accepted');
    this.#qos2.acceptCopy(packetId);
    this.#events.push({ type: 'message-again', packetId, topic });
    this.#flushPubrecs();
  }

  #hold(held: HeldCopy[], copy: HeldCopy): void {
    held.push(copy);
    this.#heldBytes += copy.packet.payload.byteLength;
    if (this.#heldBytes > PARKED_BYTES) {
      throw protocolError(`more than ${PARKED_BYTES} bytes sent again before the session was proven`);
    }
  }

  #takeHeld(): readonly HeldCopy[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    return held;
  }

  #take(packet: PublishPacket, topic: string): void {
    const { packetId, dup } = packet;
    this.#finished.observe(packetId, dup);
    this.#finished.taken(packetId, messageDigest(packet, topic), dup);
    this.#qos2.add(packetId, this.#deliver(packet, topic), this.#answerTo(packet));
  }

  /** R5a: the row belongs to a session that the server has lost. Its token does nothing any more, and nothing answers its id. */
  #dropSuspect(row: InboundMessage): void {
    this.#qos2.remove(row);
    this.#qos2.dropCopy(row.packetId);
    // what is remembered of such a session tells nothing (R2b)
    this.#finished.distrust();
    this.#events.push({ type: 'session-suspect', packetId: row.packetId });
  }

  #deliver({ payload, qos, retain, dup, properties, rejection, leftOut }: PublishPacket, topic: string): number {
    const token = this.#token;
    this.#token += 1;
    const kept = withoutAlias(properties);
    this.#events.push({
      type: 'message',
      topic,
      payload,
      qos,
      retain,
      dup,
      properties: kept,
      rejection,
      leftOut,
      token,
    });
    return token;
  }

  #flushPubacks(): void {
    for (let due = this.#qos1.takeNext(); due !== undefined; due = this.#qos1.takeNext()) {
      const { packetId, reasonCode } = due;
      this.#qos1Ids[packetId] = 0;
      this.#output.write({ type: 'puback', packetId, reasonCode });
    }
  }

  #flushPubrecs(): void {
    for (let due = this.#qos2.takeNext(); due !== undefined; due = this.#qos2.takeNext()) {
      const { packetId, reasonCode } = due;
      this.#output.write({ type: 'pubrec', packetId, reasonCode });
      // a negative PUBREC ends the flow: the id is free [MQTT-4.3.3-9]
      if (reasonCode >= 0x80) this.#free(packetId);
    }
  }

  #free(packetId: number): void {
    const row = this.#qos2.get(packetId);
    if (row !== undefined) this.#qos2.remove(row);
  }

  #writePubcomp(packetId: number, reasonCode: number): void {
    this.#output.write({ type: 'pubcomp', packetId, reasonCode: this.#output.version === 5 ? reasonCode : SUCCESS });
    this.fence.pubcompWritten();
  }
}

function step(
  flow: InboundFlow,
  position: InboundPosition,
  signal: InboundSignal,
  packetId: number,
): Transition<InboundPosition, InboundAction> {
  const transition = flow[position][signal];
  if (transition === undefined) throw signal === 'pubrel' ? unexpectedRelease(packetId) : inUse(packetId);
  return transition;
}

function inUse(packetId: number) {
  return protocolError(`packet id ${packetId} is in use [MQTT-2.2.1-4]`);
}

function unexpectedRelease(packetId: number) {
  return protocolError(`PUBREL for packet id ${packetId} before its PUBREC [MQTT-4.3.3-4]`);
}

/** The session was not ours, and too much of what is new in it came before we knew: the next connection brings it again. */
function toComeAgain() {
  return new MillraceError(
    'CONNECTION_LOST',
    'messages of another session came before it was known: they are to come again',
  );
}
