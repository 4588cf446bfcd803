import { MillraceError } from '../../../../errors/index.js';
import { protocolError } from '../../codec/refusal.js';
import type { AckPacket } from '../../packet.js';
import type { EventQueue } from '../event-queue.js';
import type { PacketOutput } from '../packet-output.js';
import type { ServerLimits } from '../session-event.js';
import type { OutboundRow, OutboundStage } from '../session-state.js';
import type { Transition } from '../transition-table.js';
import { checkMessage } from './outbound-check.js';
import { type OutboundAction, type OutboundPosition, type OutboundSignal, outboundSignal } from './outbound-flow.js';
import type { OutboundMessage } from './outbound-message.js';
import { OutboundPace } from './outbound-pace.js';
import { OUTBOUND_QOS1 } from './outbound-qos1.js';
import { OUTBOUND_QOS2 } from './outbound-qos2.js';
import { OutboundWindow } from './outbound-window.js';
import { PacketIds } from './packet-ids.js';
import { publishPacket } from './publish-packet.js';

const IDENTIFIER_NOT_FOUND = 0x92;
const UNSPECIFIED_ERROR = 0x80;
const PACKET_TOO_LARGE = 0x95;

/**
 * The outgoing QoS 1 and 2 messages of a session. `#cursor` divides them: what is below has had its turn on the present
 * connection, what is at or above waits for it, in order (R12), and no answer can be meant for it (R14a). Only PUBREL may have its
 * turn before that: it never waits for the quota of a PUBLISH [MQTT-3.3.4-8]; below `#ahead` none waits.
 */
export class OutboundMessages {
  readonly #output: PacketOutput;
  readonly #events: EventQueue;
  readonly #window = new OutboundWindow();
  readonly #ids: PacketIds;
  readonly #pace = new OutboundPace();
  /** Rows given at birth whose `received` event nobody in this process has seen. */
  #untold = new Set<number>();
  /** Rows whose PUBREL goes to a session that nobody has proven to be ours (R10). */
  #doubtful = new Set<number>();
  #cursor = 0;
  #ahead = 0;
  #limit = 0;
  #limits: ServerLimits | undefined;
  /** Incomplete messages that the server counts on this connection: those whose PUBREC it has sent, and those that had their turn [MQTT-3.3.4-7]. */
  #used = 0;
  #owed = 0;
  #answers = 0;

  constructor(
    output: PacketOutput,
    events: EventQueue,
    { rows, burnt = [] }: { readonly rows: readonly OutboundRow[]; readonly burnt?: readonly number[] | undefined },
  ) {
    this.#output = output;
    this.#events = events;
    this.#ids = new PacketIds(burnt);
    for (const { message, stage } of rows) {
      this.#window.add(message, stage);
      if (stage === 'received') this.#untold.add(message.seq);
    }
    this.#cursor = this.#window.low;
  }

  get size(): number {
    return this.#window.size;
  }

  /** As in `Session`. */
  message(seq: number): OutboundMessage | undefined {
    return this.#window.get(seq);
  }

  /** As in `Session`. */
  *messages(): Generator<OutboundMessage> {
    for (const seq of this.#window.seqs()) {
      const message = this.#window.get(seq);
      if (message !== undefined) yield message;
    }
  }

  /** What the broker owes on this connection: PUBACK or PUBREC of a PUBLISH, PUBCOMP of a PUBREL (R21). */
  get owed(): number {
    return this.#owed;
  }

  /** Grows with every acknowledgement that moved something. */
  get answers(): number {
    return this.#answers;
  }

  /** How many messages with consecutive numbers `publish` takes now; none before all earlier ones had their turn (R8a, R12). */
  get credit(): number {
    if (this.#limits === undefined || this.#cursor < this.#window.next || !this.#mayPublish) return 0;
    return Math.max(0, Math.min(this.#bound - this.#used, this.#window.room));
  }

  /** Packet ids, less one, that are burnt (R20a), in the order of that. */
  get burnt(): readonly number[] {
    return this.#ids.burnt;
  }

  /** The one packet that is unanswered is the PUBLISH of this message, after an answered PINGREQ (R20a); -1 when it is not so. */
  get alone(): number {
    return this.#pace.atOne && this.#owed === 1 && isSent(this.#window.positionOf(this.#pace.single))
      ? this.#pace.single
      : -1;
  }

  /** At pace one: PINGREQ is to be written, and `pinged` called. */
  get wantsPing(): boolean {
    return this.#pace.pingDue && this.#limits !== undefined && this.#owed === 0 && this.#used === 0;
  }

  /** PINGREQ was written, and so many are unanswered with it. */
  pinged(unanswered: number): void {
    this.#pace.pinged(unanswered);
  }

  /** PINGRESP came. */
  pingAnswered(): void {
    if (!this.#pace.pingAnswered()) return;
    this.#pump();
    if (this.#pace.answered && this.credit > 0) this.#events.push({ type: 'credit' });
  }

  /** How many messages may be unanswered, re-sends too (R20a): see `Session.pace`. */
  pace(window: number): void {
    this.#pace.window = window;
    this.#pump();
  }

  /** Messages sent in this epoch and not complete. */
  inDoubt(): number[] {
    return [...this.#window.seqs()].filter((seq) => this.#window.positionOf(seq) !== 'unsent');
  }

  /**
   * A session goes on, or began anew: everything unfinished goes out in order, as far as the server takes it (R12).
   * `unverified`: the session may not be ours (R5a).
   */
  begin(limits: ServerLimits, maxInflight: number, unverified: boolean): void {
    this.#limits = limits;
    this.#limit = Math.min(limits.receiveMaximum, maxInflight);
    this.#doubtful = new Set(unverified ? this.#seqsAt('released') : []);
    this.#used = this.#seqsAt('released').length + this.#seqsAt('received').length;
    this.#rewind();
    this.#tellUntold();
    this.#pump();
  }

  connectionLost(): void {
    this.#limits = undefined;
    this.#pace.connectionLost();
    this.#rewind();
    this.#used = 0;
    this.#owed = 0;
  }

  /** A new epoch (R5): what was in doubt is new again, or is given up and returned. */
  startEpoch(policy: 'redeliver' | 'drop'): OutboundMessage[] {
    const givenUp: OutboundMessage[] = [];
    for (const seq of this.inDoubt()) {
      const message = this.#window.get(seq);
      if (policy === 'redeliver' || message === undefined) this.#window.move(seq, 'unsent');
      else {
        givenUp.push(message);
        this.#window.remove(seq);
      }
    }
    this.#untold.clear();
    this.#ids.clear();
    this.#rewind();
    return givenUp;
  }

  /** Every number below is durably complete (R8a). Never falls. */
  setDurableLow(seq: number): void {
    this.#window.setDurableLow(seq);
  }

  publish(message: OutboundMessage, limits: ServerLimits): void {
    if (message.qos > 0) this.#checkAscent(message.seq);
    this.publishLate(message, limits);
  }

  /** As `publish`, but others may have passed the message: its number is any that is not in flight. */
  publishLate(message: OutboundMessage, limits: ServerLimits): void {
    if (message.qos > 0) this.#checkTurn(message.seq);
    checkMessage(message, limits);
    const { qos, seq } = message;
    this.#output.write(publishPacket(message, qos === 0 ? 0 : this.#ids.of(seq), false));
    this.#pace.sent(qos === 0 ? -1 : seq);
    if (qos === 0) return;
    this.#window.add(message, 'sent');
    this.#cursor = this.#window.next;
    this.#used += 1;
    this.#owed += 1;
  }

  /** PUBREL goes out, or will when its turn on the next connection comes (R9). Does nothing for a message that is not received. */
  release(seq: number): void {
    const message = this.#window.get(seq);
    if (message === undefined) return;
    const transition = this.#transition(message, this.#window.positionOf(seq), 'release');
    if (transition === undefined) return;
    this.#untold.delete(seq);
    const hadTurn = this.#hadTurn(seq);
    this.#window.move(seq, transition.next);
    if (this.#limits === undefined) return;
    if (hadTurn) this.#act(transition.action, message);
    else this.#pump();
  }

  /** R20a: forgets a message that is not sent on this connection. Does nothing for one that is complete. */
  abandon(seq: number): void {
    const message = this.#window.get(seq);
    if (message === undefined) return;
    const position = this.#window.positionOf(seq);
    if (this.#limits !== undefined && this.#hadTurn(seq))
      throw invalidState('A message that is sent cannot be abandoned');
    if (isReleasing(position)) throw invalidState('A message that the server has received cannot be abandoned');
    if (message.qos === 2 && isSent(position)) this.#ids.burn(seq);
    this.#window.remove(seq);
    if (this.#limits === undefined) this.#rewind();
    else this.#pump();
  }

  /** PUBACK, PUBREC or PUBCOMP. Throws PROTOCOL_ERROR when it is not one that the message can have. */
  handle(packet: AckPacket): void {
    const seq = this.#window.seqOf(this.#ids.originOf(packet.packetId));
    const message = this.#window.get(seq);
    if (message === undefined) this.#handleStray(packet);
    else if (this.#hadTurn(seq)) this.#answer(message, packet);
  }

  /** Copies of the rows, ascending. */
  rows(): OutboundRow[] {
    const rows: OutboundRow[] = [];
    for (const seq of this.#window.seqs()) {
      const message = this.#window.get(seq);
      if (message !== undefined) rows.push({ message, stage: stageOf(this.#window.positionOf(seq)) });
    }
    return rows;
  }

  #checkAscent(seq: number): void {
    if (seq >= this.#window.next) return;
    throw invalidState(`Sequence numbers ascend: ${seq} is not above ${this.#window.next - 1}`);
  }

  #checkTurn(seq: number): void {
    if (!Number.isSafeInteger(seq) || seq < 0 || this.#window.get(seq) !== undefined) {
      throw invalidState(`${seq} is not a sequence number that is free`);
    }
    if (this.#cursor < this.#window.next || !this.#mayPublish || !this.#window.hasRoomFor(seq)) {
      throw invalidState(`The window is full: message ${seq} has to wait (R8a)`);
    }
  }

  #transition(
    message: OutboundMessage,
    position: OutboundPosition,
    signal: OutboundSignal,
  ): Transition<OutboundPosition, OutboundAction> | undefined {
    return (message.qos === 1 ? OUTBOUND_QOS1 : OUTBOUND_QOS2)[position][signal];
  }

  #answer(message: OutboundMessage, packet: AckPacket): void {
    const { seq } = message;
    const transition = this.#transition(message, this.#window.positionOf(seq), outboundSignal(packet));
    if (transition === undefined) {
      throw protocolError(`${packet.type} does not answer what packet id ${packet.packetId} was used for`);
    }
    const { next, action } = transition;
    if (action === 'none') return;
    this.#owed -= 1;
    this.#answers += 1;
    if (next === 'done') this.#finish(seq);
    else this.#window.move(seq, next);
    this.#report(action, message, packet);
    if (next === 'done') this.#pump();
  }

  #report(action: OutboundAction, message: OutboundMessage, { reasonCode, properties }: AckPacket): void {
    const { seq } = message;
    if (action === 'received') this.#events.push({ type: 'received', seq, message, reasonCode });
    else if (action === 'delivered') this.#reportDelivery(message, reasonCode);
    else if (action === 'downgraded')
      this.#events.push({ type: 'delivered', seq, message, reasonCode, downgraded: true });
    else this.#events.push({ type: 'refused', seq, message, reasonCode, reasonString: properties?.reasonString });
  }

  #reportDelivery(message: OutboundMessage, reasonCode: number): void {
    const { seq } = message;
    const unverified = this.#doubtful.delete(seq) && reasonCode === IDENTIFIER_NOT_FOUND;
    this.#events.push({ type: 'delivered', seq, message, reasonCode, ...(unverified && { unverified }) });
  }

  #seqsAt(position: OutboundPosition): number[] {
    return [...this.#window.seqs()].filter((seq) => this.#window.positionOf(seq) === position);
  }

  #finish(seq: number): void {
    this.#window.remove(seq);
    this.#used -= 1;
  }

  /** No message has the id: ignored, but for PUBREC, whose sender waits for a PUBREL (0x92 says that we know of nothing). */
  #handleStray({ type, packetId, reasonCode }: AckPacket): void {
    if (type !== 'pubrec' || reasonCode >= UNSPECIFIED_ERROR) return;
    const answer = this.#output.version === 5 ? IDENTIFIER_NOT_FOUND : 0;
    this.#output.write({ type: 'pubrel', packetId, reasonCode: answer });
  }

  /** What the server had received when the process ended: the owner has to commit that and to release it, before its turn or after. */
  #tellUntold(): void {
    for (const seq of this.#untold) {
      const message = this.#window.get(seq);
      if (message !== undefined) this.#events.push({ type: 'received', seq, message, reasonCode: 0 });
    }
    this.#untold.clear();
  }

  /** How many messages may be incomplete on this connection. */
  get #bound(): number {
    return Math.min(this.#limit, this.#pace.window);
  }

  /** At pace one nothing else is unanswered when a PUBLISH goes out, and the server has just shown that it lives (R20a). */
  get #mayPublish(): boolean {
    if (this.#used >= this.#bound) return false;
    return !this.#pace.atOne || (this.#owed === 0 && this.#used === 0 && this.#pace.answered);
  }

  /** Nothing has had its turn. */
  #rewind(): void {
    this.#cursor = this.#window.low;
    this.#ahead = this.#cursor;
  }

  #hadTurn(seq: number): boolean {
    return seq < this.#cursor || (seq < this.#ahead && isReleasing(this.#window.positionOf(seq)));
  }

  /** Gives each message its turn, in order; where a PUBLISH has to wait, PUBRELs pass it. */
  #pump(): void {
    this.#cursor = this.#pumpFrom(this.#cursor, false);
    if (this.#cursor < this.#window.next) this.#ahead = this.#pumpFrom(Math.max(this.#ahead, this.#cursor), true);
  }

  /** Up to the first message that has to wait, or with `past` up to the first PUBREL. Gives where that is. */
  #pumpFrom(from: number, past: boolean): number {
    let seq = from;
    while (this.#limits !== undefined && seq < this.#window.next) {
      const message = this.#window.get(seq);
      const position = this.#window.positionOf(seq);
      if (message !== undefined && !(seq < this.#ahead && isReleasing(position))) {
        if (this.#mayTake(position)) this.#send(message, position, this.#limits);
        else if (!past || isReleasing(position)) break;
      }
      seq = Math.max(seq + 1, this.#window.low);
    }
    return seq;
  }

  /** A PUBREL needs no room, for the server counts it already; only a pace of one, or none, holds it. */
  #mayTake(position: OutboundPosition): boolean {
    if (!isReleasing(position)) return this.#mayPublish;
    if (this.#pace.window > 1) return true;
    return this.#pace.atOne && this.#owed === 0 && position === 'released';
  }

  #send(message: OutboundMessage, position: OutboundPosition, limits: ServerLimits): void {
    const transition = this.#transition(message, position, 'send');
    if (transition === undefined) return;
    const problem = this.#sendProblem(message, transition.action, limits);
    if (problem !== undefined) {
      this.#window.remove(message.seq);
      const unnamed = problem.code === 'MESSAGE_TOO_LARGE' ? PACKET_TOO_LARGE : UNSPECIFIED_ERROR;
      const reasonCode = problem.reasonCode ?? unnamed;
      this.#events.push({ type: 'refused', seq: message.seq, message, reasonCode, reasonString: problem.message });
      return;
    }
    this.#window.move(message.seq, transition.next);
    if (isReleasing(position)) return;
    this.#used += 1;
    this.#pace.sent(message.seq);
  }

  // The server of this connection may be able to do less than the one that the message was accepted for; such a message
  // would end this connection and every next one, so it is refused in the server's place.
  #sendProblem(message: OutboundMessage, action: OutboundAction, limits: ServerLimits): MillraceError | undefined {
    try {
      if (action === 'publish' || action === 'publish-dup') checkMessage(message, limits);
      this.#act(action, message);
      return undefined;
    } catch (error) {
      return MillraceError.from(error, 'INVALID_MESSAGE');
    }
  }

  #act(action: OutboundAction, message: OutboundMessage): void {
    const packetId = this.#ids.of(message.seq);
    if (action === 'pubrel') this.#output.write({ type: 'pubrel', packetId, reasonCode: 0 });
    else if (action === 'publish') this.#output.write(publishPacket(message, packetId, false));
    else if (action === 'publish-dup') this.#output.write(publishPacket(message, packetId, true));
    else return;
    this.#owed += 1;
  }
}

/** PUBLISH went out, and no PUBREC or PUBACK came. */
const isSent = (position: OutboundPosition): boolean => position === 'sent' || position === 'resent';

/** PUBREC came. */
const isReleasing = (position: OutboundPosition): boolean => position === 'received' || position === 'released';

/** What is told to the outside: that a message was sent twice is known from its being sent. */
function stageOf(position: OutboundPosition): OutboundStage {
  if (position === 'resent') return 'sent';
  return position === 'done' ? 'unsent' : position;
}

function invalidState(message: string): MillraceError {
  return new MillraceError('INVALID_STATE', message, {
    advice: 'Publish while `credit` is above 0, in ascending order.',
  });
}
