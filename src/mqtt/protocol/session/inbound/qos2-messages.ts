import type { AckPacket, PublishPacket } from '../../packet.js';
import type { EventQueue } from '../event-queue.js';
import { CompletionHold } from '../finished/completion-hold.js';
import { FinishedIds } from '../finished/finished-ids.js';
import { messageDigest } from '../finished/message-digest.js';
import { MessageDigests } from '../finished/message-digests.js';
import { PubcompFence } from '../finished/pubcomp-fence.js';
import type { PacketOutput } from '../packet-output.js';
import { HeldCopies } from '../proof/held-copies.js';
import type { InboundMemory, InboundRow } from '../session-state.js';
import type { Deliveries } from './deliveries.js';
import { INBOUND_QOS2 } from './inbound-qos2-flow.js';
import { type InboundMessage, InboundRows } from './inbound-rows.js';
import { inboundStep } from './inbound-step.js';
import { PubrecHold } from './pubrec-hold.js';
import { RowCopies } from './row-copies.js';

const SUCCESS = 0x00;
const IDENTIFIER_NOT_FOUND = 0x92;

/** What the QoS 2 side is given of the session. */
export interface Qos2Parts {
  /** Where PUBREC and PUBCOMP are written. */
  readonly output: PacketOutput;
  /** Told of messages and releases. */
  readonly events: EventQueue;
  /** Shared with the other QoS: tokens ascend over all of them. */
  readonly deliveries: Deliveries;
  /** What the PUBREC of a new message is to say (R22). */
  readonly answerTo: (packet: PublishPacket) => number;
  /** As in `PubrecHold`. */
  readonly mostOpen: number;
  /** As in `InboundOptions`. */
  readonly rows: readonly InboundRow[];
  /** Undefined: nothing is remembered of finished messages (R2b). */
  readonly memory: InboundMemory | undefined;
}

/**
 * Incoming QoS 2 messages. Each lives as long as the epoch; its PUBREC goes out on the connection on which its latest copy came (R14a),
 * after those of all that came before it (R14). What is forgotten is remembered as finished (R2b), until the server has shown that
 * it knows.
 */
export class Qos2Messages {
  readonly #parts: Qos2Parts;
  readonly #rows = new InboundRows();
  readonly copies: RowCopies;
  readonly #digests: MessageDigests;
  readonly #finished: FinishedIds;
  /** Shows what may leave `#finished`. */
  readonly fence: PubcompFence;
  readonly #completions: CompletionHold;
  readonly #pubrecs: PubrecHold;
  readonly #held = new HeldCopies();

  constructor(parts: Qos2Parts) {
    const { rows, memory, output, mostOpen } = parts;
    this.#parts = parts;
    this.#digests = new MessageDigests(memory?.digests);
    this.#rows.restore(rows, this.#digests);
    this.copies = new RowCopies(this.#rows, this.#digests);
    this.#finished = new FinishedIds(this.#digests, memory?.finished, memory?.counter);
    this.fence = new PubcompFence(this.#finished, output);
    this.#completions = new CompletionHold(this.#finished);
    this.#pubrecs = new PubrecHold(mostOpen);
  }

  /** Messages whose id is not released. */
  get size(): number {
    return this.#rows.size;
  }

  /** As in `Session`. */
  get releasesOwed(): number {
    return this.#rows.releasesOwed;
  }

  /** Takes the time in, before anything is done at it. */
  observe(now: number): void {
    this.fence.observe(now);
    this.#completions.observe(now);
    this.#pubrecs.observe(now);
  }

  /** When `handleTimeout` is wanted; Infinity for never. */
  deadline(): number {
    return Math.min(this.fence.deadline(), this.#completions.deadline(), this.#pubrecs.deadline());
  }

  handleTimeout(): void {
    this.fence.handleTimeout();
    this.#completions.handleTimeout();
    this.#completeHeld();
    this.#pubrecs.handleTimeout();
    this.#flushPubrecs();
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
    this.#pubrecs.end();
    this.#flushPubrecs();
  }

  connectionLost(): void {
    this.#rows.nextConnection();
    // nothing has answered them: they come again
    this.#held.take();
    this.fence.stop();
    this.#completions.connectionLost();
    this.#pubrecs.connectionLost();
    this.#finished.connectionLost();
  }

  /** A new epoch: the ids of the old one mean nothing (R5). What has come on this connection is of the new one. */
  startEpoch(): void {
    this.#rows.dropEarlier();
    this.#finished.startEpoch();
    // they waited because they might be copies, and of a new session there are none
    for (const { packet, topic } of this.#held.take()) this.#take(packet, topic);
  }

  /** The session may not be the one whose state we hold: what it sends again is not answered before `proved` or `startEpoch`. */
  proving(): void {
    this.#held.start();
  }

  /** The session is taken for ours. */
  proved(): void {
    for (const { packet, topic } of this.#held.take()) this.#answerCopy(packet, topic);
  }

  /** A new QoS 1 message has come: its id tells of the server's counter, and of a message that had it (R5a). */
  passedBy({ packetId, dup }: PublishPacket): void {
    this.#finished.observe(packetId, dup);
    const row = this.#rows.get(packetId);
    if (row === undefined) return;
    const { action } = inboundStep(INBOUND_QOS2, row.stage, 'publish-other', packetId);
    if (action === 'suspect') this.#dropSuspect(packetId);
  }

  /** PUBLISH. Throws PROTOCOL_ERROR. */
  handlePublish(packet: PublishPacket, topic: string): void {
    const { packetId, dup } = packet;
    const copied = this.copies.rowOf(packet, topic);
    const row = copied ?? this.#rows.get(packetId);
    const signal = dup && copied === row ? 'publish-dup' : 'publish';
    const { action } = inboundStep(INBOUND_QOS2, row?.stage ?? 'free', signal, packetId);
    if (row === undefined && dup) this.#handleUnknown(packet, topic);
    else if (row === undefined) this.#take(packet, topic);
    else if (action === 'suspect') {
      if (!this.copies.cameRound) this.#dropSuspect(packetId);
      this.#take(packet, topic);
    } else {
      this.#rows.queue.enqueue(row);
      if (action === 'answer') this.#flushPubrecs();
    }
  }

  /** PUBREL. Throws PROTOCOL_ERROR for a message that has no PUBREC yet. */
  handleRelease({ packetId }: AckPacket): void {
    const row = this.#rows.get(packetId);
    const { next, action } = inboundStep(INBOUND_QOS2, row?.stage ?? 'free', 'pubrel', packetId);
    if (row === undefined || action !== 'report') {
      // R4: answered in any case, with success for a finished message that came again (R2b)
      const again = this.#finished.answeredAgain(packetId);
      this.#writePubcomp(packetId, again ? SUCCESS : IDENTIFIER_NOT_FOUND);
      return;
    }
    const repeated = !this.#rows.markReleased(row);
    if (next !== 'free') row.stage = next;
    this.copies.keepDigest(packetId);
    // told once on each connection: one `complete` answers all of them
    if (!repeated) this.#parts.events.push({ type: 'release', token: row.token });
  }

  /** Late, repeated and unknown tokens do nothing. */
  accept(token: number): void {
    const row = this.#rows.byToken(token);
    const transition = row === undefined ? undefined : INBOUND_QOS2[row.stage].accept;
    if (row === undefined || transition?.action !== 'answer' || transition.next === 'free') return;
    row.stage = transition.next;
    this.#flushPubrecs();
  }

  /**
   * Forgets the id, then answers the PUBREL of this connection; one of an earlier connection is answered when it comes again (R3, R4).
   * What is forgotten is remembered as finished (R2b), and waits while it would be so in vain.
   */
  complete(token: number): void {
    const row = this.#rows.byToken(token);
    if (row === undefined || INBOUND_QOS2[row.stage].complete === undefined) return;
    if (!this.#completions.holds(token, this.#rows.isReleasedHere(row))) this.#complete(row);
  }

  /** The id is that of a message which came on an earlier connection (R2). */
  isOfEarlier(packetId: number): boolean {
    return this.#rows.isOfEarlier(packetId);
  }

  /** R14b: a copy of what is known holds its place in the order of PUBRECs (R14) while it waits. */
  keepPlace(packetId: number): void {
    this.#rows.queue.enqueueCopy(packetId, 'taken');
  }

  /** It waits no longer. */
  settlePlace(packetId: number): void {
    this.#rows.settleCopy(packetId);
  }

  /** Copies of the rows, in order of arrival. */
  rows(): InboundRow[] {
    return this.#rows.toRows();
  }

  /** See `Session.inboundIdRuns`. */
  idRunsThrough(token: number): Uint16Array {
    return this.#rows.idRunsThrough(token);
  }

  /** See `Session.changedInboundMemory`. */
  changedMemory(): InboundMemory {
    const finished = this.#finished.state(this.#rows.released());
    return { finished, counter: this.#finished.counter(), digests: this.#digests.takeChanged() };
  }

  /** What `rows` leaves out; undefined while there is nothing. */
  memory(): InboundMemory | undefined {
    const counter = this.#finished.counter();
    if (counter.newest === 0 && this.#finished.size === 0) return undefined;
    return { finished: this.#finished.state([]), counter, digests: this.#digests.toPages() };
  }

  /** R2b: DUP 1 with an id that R2 does not know is a copy of a finished message, or new. */
  #handleUnknown(packet: PublishPacket, topic: string): void {
    const { packetId } = packet;
    const recognition = this.#finished.recognise(packetId, () => messageDigest(packet, topic));
    if (recognition === 'copy') this.#answerCopy(packet, topic);
    else {
      if (recognition === 'suspect') this.#parts.events.push({ type: 'session-suspect', packetId });
      this.#take(packet, topic);
    }
  }

  /** PUBREC in its place (R14), as for a message that was taken just now. The id stays remembered until the broker is past it. */
  #answerCopy(packet: PublishPacket, topic: string): void {
    const { packetId } = packet;
    if (this.#held.holding) {
      this.#rows.queue.enqueueCopy(packetId, 'taken');
      this.#held.hold(packet, topic);
      return;
    }
    this.#rows.queue.enqueueCopy(packetId, 'accepted');
    this.#rows.queue.acceptCopy(packetId);
    this.#parts.events.push({ type: 'message-again', packetId, topic });
    this.#flushPubrecs();
  }

  #take(packet: PublishPacket, topic: string): void {
    const { packetId, dup, rejection } = packet;
    const { deliveries, answerTo } = this.#parts;
    const digest = messageDigest(packet, topic);
    // in this order: an id that is out of the count has all forgotten that is remembered, but not this message
    this.#finished.observe(packetId, dup);
    this.#finished.taken(packetId, digest, dup);
    const reasonCode = rejection === undefined ? SUCCESS : answerTo(packet);
    this.#rows.add(packetId, deliveries.deliver(packet, topic), { reasonCode, digest });
    this.copies.keepDigest(packetId);
  }

  /** R5a: the row belongs to a session that the server has lost. Its token does nothing any more, and nothing answers its id. */
  #dropSuspect(packetId: number): void {
    this.#rows.removeAll(packetId);
    // what is remembered of such a session tells nothing (R2b)
    this.#finished.distrust();
    this.#parts.events.push({ type: 'session-suspect', packetId });
    // its PUBREC may have been the next one that was due, or the last one that was let out
    this.#pubrecs.finished();
    this.#flushPubrecs();
  }

  #complete(row: InboundMessage): void {
    this.#rows.remove(row);
    const answered = this.#rows.isReleasedHere(row);
    // answered or not: the broker may not know it yet, and send a copy (R2b); but what another message has is that one's (F4)
    if (this.#rows.get(row.packetId) === undefined) this.#finished.add(row.packetId, answered);
    if (answered) this.#writePubcomp(row.packetId, SUCCESS);
    this.#pubrecs.finished();
    this.#flushPubrecs();
  }

  #completeHeld(): void {
    for (let token = this.#completions.next(); token !== undefined; token = this.#completions.next()) {
      const row = this.#rows.byToken(token);
      // its id may mean another message by now (R5a)
      if (row?.stage === 'releasing') this.#complete(row);
    }
  }

  #flushPubrecs(): void {
    const { queue } = this.#rows;
    for (let due = queue.due; due !== undefined; due = queue.due) {
      if (this.#pubrecs.keeps(this.#rows.open)) return;
      const { packetId, reasonCode } = due;
      queue.take();
      this.#parts.output.write({ type: 'pubrec', packetId, reasonCode });
      // a negative PUBREC ends the flow: the id is free [MQTT-4.3.3-9]
      if (reasonCode >= 0x80) this.#rows.removeRefused(packetId, reasonCode);
      else this.#rows.markAnswered(packetId);
    }
  }

  #writePubcomp(packetId: number, reasonCode: number): void {
    const { output } = this.#parts;
    output.write({ type: 'pubcomp', packetId, reasonCode: output.version === 5 ? reasonCode : SUCCESS });
    this.fence.pubcompWritten();
  }
}
