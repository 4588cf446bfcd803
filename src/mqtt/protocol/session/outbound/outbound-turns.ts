import { MillraceError } from '../../../../errors/index.js';
import type { PublishPacket } from '../../packet.js';
import type { EventQueue } from '../event-queue.js';
import type { OutboundMessage } from '../outbound-message.js';
import type { PacketOutput } from '../packet-output.js';
import type { ServerLimits } from '../session-event.js';
import { checkMessage } from './outbound-check.js';
import { isReleasing, isSent, type OutboundAction, type OutboundStanding } from './outbound-flow.js';
import { OutboundPace } from './outbound-pace.js';
import type { OutboundEntry, OutboundWindow } from './outbound-window.js';
import { MOST_BURNT, type PacketIds } from './packet-ids.js';

const UNSPECIFIED_ERROR = 0x80;
const PACKET_TOO_LARGE = 0x95;
/** Messages of one write are worth that of a write by themselves, if there are so many. */
const LOT = 8;

/** What turns are given of the session. */
export interface TurnParts {
  /** Of the present connection. */
  readonly output: PacketOutput;
  /** Told of what is delivered or refused. */
  readonly events: EventQueue;
  /** Shared with `OutboundMessages`, which moves and removes what is answered. */
  readonly window: OutboundWindow;
  /** Under which id a message goes out, when some are burnt (R20a). */
  readonly ids: PacketIds;
}

/**
 * What goes out on the present connection, and when: the only place that writes a PUBLISH or PUBREL of a message. The invariants:
 * TU1. Below `#cursor` every message has had its turn, at or above it they wait, in order (R12), and no answer can be meant for them
 *      (R14a). Only PUBREL may have its turn before that: it never waits for the quota of a PUBLISH [MQTT-3.3.4-8]; below `#ahead` none waits.
 * TU2. `#used` messages are incomplete at the server: those whose PUBREC it has sent, and those that had their turn [MQTT-3.3.4-7].
 *     A PUBLISH goes out only while they are fewer than `#bound`.
 * TU3. `#owed` packets of this connection have no acknowledgement (R21). That of `#freeing` of them makes room for a PUBLISH.
 */
export class OutboundTurns {
  readonly #parts: TurnParts;
  readonly #pace = new OutboundPace();
  #cursor: number;
  #ahead: number;
  /** Of the server and of the connection. */
  #limit = 0;
  /** The lower of that and the pace. */
  #bound = 0;
  /** Without them there is no connection. */
  #limits: ServerLimits | undefined;
  #used = 0;
  #owed = 0;
  #freeing = 0;

  constructor(parts: TurnParts) {
    this.#parts = parts;
    this.#cursor = parts.window.low;
    this.#ahead = this.#cursor;
  }

  /** What the broker owes on this connection: PUBACK or PUBREC of a PUBLISH, PUBCOMP of a PUBREL (R21). */
  get owed(): number {
    return this.#owed;
  }

  /** Between `begin` and the end of a connection. */
  get open(): boolean {
    return this.#limits !== undefined;
  }

  /** How many messages with consecutive numbers `publish` takes now; none before all earlier ones had their turn (R8a, R12). */
  get credit(): number {
    const { window } = this.#parts;
    if (this.#limits === undefined || this.#cursor < window.next || !this.#mayPublish) return 0;
    return Math.max(0, Math.min(this.#bound - this.#used, window.room));
  }

  /**
   * How many of them are worth a write now: none while they are few and a write later can have more of them, since answers are on their way
   * that make room. Nothing but the server is waited for.
   */
  get portion(): number {
    const { credit } = this;
    const lot = Math.min(LOT, this.#bound >> 2);
    return credit < lot && credit + this.#freeing >= lot ? 0 : credit;
  }

  /** The one packet that is unanswered is the PUBLISH of this message, after an answered PINGREQ (R20a); -1 when it is not so. */
  get alone(): number {
    const { single } = this.#pace;
    if (!this.#pace.atOne || this.#owed !== 1) return -1;
    return isSent(this.#parts.window.get(single)?.position ?? 'done') ? single : -1;
  }

  /** At pace one: PINGREQ is to be written, and `pinged` called. */
  get wantsPing(): boolean {
    return (
      this.#bound === 1 && this.#pace.pingDue && this.#limits !== undefined && this.#owed === 0 && this.#used === 0
    );
  }

  /** PINGREQ was written, and so many are unanswered with it. */
  pinged(unanswered: number): void {
    this.#pace.pinged(unanswered);
  }

  /** PINGRESP came. */
  pingAnswered(): void {
    if (!this.#pace.pingAnswered()) return;
    this.pump();
    if (this.#pace.answered && this.credit > 0) this.#parts.events.push({ type: 'credit' });
  }

  /** How many messages may be unanswered, re-sends too (R20a): see `Session.pace`. */
  pace(window: number): void {
    this.#pace.window = window;
    this.#bound = Math.min(this.#limit, window);
    this.pump();
  }

  /** A connection is open; `used` messages have their PUBREC. `pump` follows. */
  begin(limits: ServerLimits, maxInflight: number, used: number): void {
    this.#limits = limits;
    this.#limit = Math.min(limits.receiveMaximum, maxInflight);
    this.#bound = Math.min(this.#limit, this.#pace.window);
    this.#used = used;
    this.rewind();
  }

  connectionLost(): void {
    this.#limits = undefined;
    this.#pace.connectionLost();
    this.rewind();
    this.#used = 0;
    this.#owed = 0;
    this.#freeing = 0;
  }

  /** Nothing has had its turn. */
  rewind(): void {
    this.#cursor = this.#parts.window.low;
    this.#ahead = this.#cursor;
  }

  /** Whether an answer can be meant for the message. */
  had({ message: { seq }, position }: OutboundEntry): boolean {
    return seq < this.#cursor || (seq < this.#ahead && isReleasing(position));
  }

  /** A new message. Throws INVALID_STATE when its number is not free or it has to wait, and what `checkMessage` and the codec throw. */
  publish(message: OutboundMessage, limits: ServerLimits): void {
    const { output, window, ids } = this.#parts;
    const { qos, seq } = message;
    if (qos > 0) this.#checkTurn(seq);
    checkMessage(message, limits);
    // nothing is changed before this, which may throw
    output.write(publishPacket(message, qos === 0 ? 0 : ids.of(seq), false));
    if (this.#bound === 1) this.#pace.sent(qos === 0 ? -1 : seq);
    if (qos === 0) return;
    window.add(message, 'sent');
    this.#cursor = window.next;
    this.#used += 1;
    this.#owe(qos === 1);
  }

  /** PUBREL of a message that had its turn. */
  release(message: OutboundMessage): void {
    this.#act('pubrel', message);
  }

  /** An acknowledgement moves a message on from where it stands; `complete`: out of the window. */
  answered({ message, position }: OutboundEntry, complete: boolean): void {
    this.#owed -= 1;
    if (message.qos === 1 || isReleasing(position)) this.#freeing -= 1;
    if (complete) this.#used -= 1;
  }

  /** Gives each message its turn, in order; where a PUBLISH has to wait, PUBRELs pass it. */
  pump(): void {
    if (this.#cursor >= this.#parts.window.next) return;
    this.#cursor = this.#pumpFrom(this.#cursor, false);
    if (this.#cursor < this.#parts.window.next) this.#ahead = this.#pumpFrom(Math.max(this.#ahead, this.#cursor), true);
  }

  /** At pace one nothing else is unanswered when a PUBLISH goes out, and the server has just shown that it lives (R20a). */
  get #mayPublish(): boolean {
    if (this.#used >= this.#bound) return false;
    if (this.#bound > 1 || !this.#pace.atOne) return true;
    return this.#owed === 0 && this.#used === 0 && this.#pace.answered;
  }

  #checkTurn(seq: number): void {
    const { window } = this.#parts;
    if (!Number.isSafeInteger(seq) || seq < 0 || window.get(seq) !== undefined) {
      throw invalidTurn(`${seq} is not a sequence number that is free`);
    }
    if (this.#cursor < window.next || !this.#mayPublish || !window.hasRoomFor(seq)) {
      throw invalidTurn(`The window is full: message ${seq} has to wait (R8a)`);
    }
  }

  /** Up to the first message that has to wait, or with `past` up to the first PUBREL. Gives where that is. */
  #pumpFrom(from: number, past: boolean): number {
    const { window } = this.#parts;
    let seq = from;
    while (this.#limits !== undefined && seq < window.next) {
      const entry = window.get(seq);
      if (entry !== undefined && !(seq < this.#ahead && isReleasing(entry.position))) {
        if (this.#mayTake(entry.position)) this.#send(entry, this.#limits);
        else if (!past || isReleasing(entry.position)) break;
      }
      // one that could not be sent has left the window, and the low end may have moved past others
      seq = Math.max(seq + 1, window.low);
    }
    return seq;
  }

  /** A PUBREL needs no room, for the server counts it already; only a pace of one, or none, holds it. */
  #mayTake(position: OutboundStanding): boolean {
    if (!isReleasing(position)) return this.#mayPublish;
    if (this.#pace.window > 1) return true;
    return this.#pace.atOne && this.#owed === 0 && position === 'released';
  }

  #send(entry: OutboundEntry, limits: ServerLimits): void {
    const { message, flow, position } = entry;
    const transition = flow[position].send;
    if (transition === undefined) return;
    const problem = this.#sendProblem(message, transition.action, limits);
    if (problem !== undefined) {
      this.#burn(entry);
      this.#parts.window.remove(message.seq);
      this.#reportProblem(message, problem);
      return;
    }
    entry.position = transition.next;
    if (isReleasing(position)) return;
    this.#used += 1;
    if (this.#bound === 1) this.#pace.sent(message.seq);
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

  /** A server that can do less now may hold its half from before (R20a). Where no spare id is left the id is used again, and that is told. */
  #burn({ message, position }: OutboundEntry): void {
    const { ids, events } = this.#parts;
    const { qos, seq } = message;
    if (qos !== 2 || !isSent(position)) return;
    if (ids.burnt.length < MOST_BURNT) ids.burn(seq);
    else events.push({ type: 'ids-spent', seq, message, packetId: ids.of(seq) });
  }

  #reportProblem(message: OutboundMessage, problem: MillraceError): void {
    const unnamed = problem.code === 'MESSAGE_TOO_LARGE' ? PACKET_TOO_LARGE : UNSPECIFIED_ERROR;
    const reasonCode = problem.reasonCode ?? unnamed;
    const { seq } = message;
    this.#parts.events.push({ type: 'refused', seq, message, reasonCode, reasonString: problem.message });
  }

  #act(action: OutboundAction, message: OutboundMessage): void {
    const { output, ids } = this.#parts;
    const packetId = ids.of(message.seq);
    if (action === 'pubrel') output.write({ type: 'pubrel', packetId, reasonCode: 0 });
    else if (action === 'publish') output.write(publishPacket(message, packetId, false));
    else if (action === 'publish-dup') output.write(publishPacket(message, packetId, true));
    else return;
    this.#owe(action === 'pubrel' || message.qos === 1);
  }

  #owe(frees: boolean): void {
    this.#owed += 1;
    if (frees) this.#freeing += 1;
  }
}

/** What a command that is not allowed now throws. */
export function invalidTurn(message: string): MillraceError {
  return new MillraceError('INVALID_STATE', message, {
    advice: 'Publish while `credit` is above 0, in ascending order.',
  });
}

/** The PUBLISH of an outbound message under its packet id, 0 at QoS 0. A re-send differs in DUP alone [MQTT-4.4.0-1] (R12). */
function publishPacket(message: OutboundMessage, packetId: number, dup: boolean): PublishPacket {
  const { topic, payload, qos, retain, properties } = message;
  if (properties === undefined) return { type: 'publish', topic, payload, qos, retain, dup, packetId };
  return { type: 'publish', topic, payload, qos, retain, dup, packetId, properties };
}
