import { protocolError } from '../../codec/protocol-error.js';
import type { AckPacket } from '../../packet.js';
import type { EventQueue } from '../event-queue.js';
import type { OutboundMessage } from '../outbound-message.js';
import type { PacketOutput } from '../packet-output.js';
import type { ServerLimits } from '../session-event.js';
import type { OutboundRow, OutboundStage } from '../session-state.js';
import { isReleasing, isSent, type OutboundAction, type OutboundStanding, outboundSignal } from './outbound-flow.js';
import { invalidTurn, OutboundTurns } from './outbound-turns.js';
import { type OutboundEntry, OutboundWindow } from './outbound-window.js';
import { PacketIds } from './packet-ids.js';

const IDENTIFIER_NOT_FOUND = 0x92;
const UNSPECIFIED_ERROR = 0x80;

/**
 * The outgoing QoS 1 and 2 messages of a session: what has become of each, over any number of connections. What goes out on the
 * present one, and when, is for `turns` to say.
 */
export class OutboundMessages {
  readonly #output: PacketOutput;
  readonly #events: EventQueue;
  readonly #window = new OutboundWindow();
  readonly #ids: PacketIds;
  /** The order of what is sent. */
  readonly turns: OutboundTurns;
  /** Rows given at birth whose `received` event nobody in this process has seen. */
  #untold = new Set<number>();
  /** Rows whose PUBREL goes to a session that nobody has verified to be ours (R5a). */
  #doubtful = new Set<number>();
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
    this.turns = new OutboundTurns({ output, events, window: this.#window, ids: this.#ids });
  }

  get size(): number {
    return this.#window.size;
  }

  /** As in `Session`. */
  message(seq: number): OutboundMessage | undefined {
    return this.#window.get(seq)?.message;
  }

  /** As in `Session`. */
  *messages(): Generator<OutboundMessage, void, undefined> {
    for (const { message } of this.#window.entries()) yield message;
  }

  /** Grows with every acknowledgement that moved something. */
  get answers(): number {
    return this.#answers;
  }

  /** Packet ids, less one, that are burnt (R20a), in the order of that. */
  get burnt(): readonly number[] {
    return this.#ids.burnt;
  }

  /** Messages sent in this epoch and not complete. */
  inDoubt(): number[] {
    return [...this.#window.entries()]
      .filter(({ position }) => position !== 'unsent')
      .map(({ message }) => message.seq);
  }

  /** The oldest that is sent and not complete, with its packet id. */
  oldestInDoubt(): { readonly message: OutboundMessage; readonly packetId: number } | undefined {
    for (const { message, position } of this.#window.entries())
      if (isSent(position) || position === 'released') return { message, packetId: this.#ids.of(message.seq) };
    return undefined;
  }

  /**
   * A session goes on, or began anew: everything unfinished goes out in order, as far as the server takes it (R12).
   * `unverified`: the session may not be ours (R5a).
   */
  begin(limits: ServerLimits, maxInflight: number, unverified: boolean): void {
    const released = this.#seqsAt('released');
    this.#doubtful = new Set(unverified ? released : []);
    this.turns.begin(limits, maxInflight, released.length + this.#seqsAt('received').length);
    // before any re-send, which may be refused: these PUBRECs are older
    this.#tellUntold();
    this.turns.pump();
  }

  connectionLost(): void {
    this.turns.connectionLost();
  }

  /** A new epoch (R5): what was in doubt is new again, or is given up and returned. */
  startEpoch(policy: 'redeliver' | 'drop'): OutboundMessage[] {
    const givenUp: OutboundMessage[] = [];
    for (const entry of this.#window.entries()) {
      if (entry.position === 'unsent') continue;
      if (policy === 'redeliver') entry.position = 'unsent';
      else {
        givenUp.push(entry.message);
        this.#window.remove(entry.message.seq);
      }
    }
    this.#untold.clear();
    // what a lost session held half-done is gone with it (R20a)
    this.#ids.clear();
    this.turns.rewind();
    return givenUp;
  }

  /** Every number below is durably complete (R8a). Never falls. */
  setDurableLow(seq: number): void {
    this.#window.setDurableLow(seq);
  }

  publish(message: OutboundMessage, limits: ServerLimits): void {
    const { qos, seq } = message;
    // not asked of the turns: one that is published late has a number below others (R20)
    if (qos > 0 && seq < this.#window.next) {
      throw invalidTurn(`Sequence numbers ascend: ${seq} is not above ${this.#window.next - 1}`);
    }
    this.turns.publish(message, limits);
  }

  /** PUBREL goes out, or will when its turn on the next connection comes (R9). Does nothing for a message that is not received. */
  release(seq: number): void {
    const entry = this.#window.get(seq);
    const transition = entry?.flow[entry.position].release;
    if (entry === undefined || transition === undefined) return;
    this.#untold.delete(seq);
    // before it moves, for that goes by the position
    const hadTurn = this.turns.had(entry);
    entry.position = transition.next;
    if (!this.turns.open) return;
    if (!hadTurn) this.turns.pump();
    else if (transition.action === 'pubrel') this.turns.release(entry.message);
  }

  /** R20a: forgets a message that is not sent on this connection. Does nothing for one that is complete. */
  abandon(seq: number): void {
    const entry = this.#window.get(seq);
    if (entry === undefined) return;
    const { message, position } = entry;
    if (this.turns.open && this.turns.had(entry)) throw invalidTurn('A message that is sent cannot be abandoned');
    if (isReleasing(position)) throw invalidTurn('A message that the server has received cannot be abandoned');
    if (message.qos === 2 && isSent(position)) this.#ids.burn(seq);
    this.#window.remove(seq);
    if (this.turns.open) this.turns.pump();
    else this.turns.rewind();
  }

  /** PUBACK, PUBREC or PUBCOMP. Throws PROTOCOL_ERROR when it is not one that the message can have. */
  handle(packet: AckPacket): void {
    const entry = this.#window.withId(this.#ids.originOf(packet.packetId));
    if (entry === undefined) this.#handleStray(packet);
    else if (this.turns.had(entry)) this.#answer(entry, packet);
  }

  /** Copies of the rows, ascending. */
  rows(): OutboundRow[] {
    return [...this.#window.entries()].map(({ message, position }) => ({ message, stage: stageOf(position) }));
  }

  #answer(entry: OutboundEntry, packet: AckPacket): void {
    const { message, flow, position } = entry;
    const transition = flow[position][outboundSignal(packet)];
    if (transition === undefined) {
      throw protocolError(`${packet.type} does not answer what packet id ${packet.packetId} was used for`);
    }
    const { next, action } = transition;
    if (action === 'none') return;
    const complete = next === 'done';
    this.#answers += 1;
    this.turns.answered(entry, complete);
    if (complete) this.#window.remove(message.seq);
    else entry.position = next;
    // before others use its room: what cannot be sent then is told behind it
    this.#report(action, message, packet);
    if (complete) this.turns.pump();
  }

  #report(action: OutboundAction, message: OutboundMessage, { reasonCode, properties }: AckPacket): void {
    const { seq } = message;
    if (action === 'received') this.#events.push({ type: 'received', seq, message, reasonCode });
    else if (action === 'downgraded')
      this.#events.push({ type: 'delivered', seq, message, reasonCode, downgraded: true });
    else if (action !== 'delivered') {
      this.#events.push({ type: 'refused', seq, message, reasonCode, reasonString: properties?.reasonString });
    } else if (this.#doubtful.delete(seq) && reasonCode === IDENTIFIER_NOT_FOUND) {
      this.#events.push({ type: 'delivered', seq, message, reasonCode, unverified: true });
    } else this.#events.push({ type: 'delivered', seq, message, reasonCode });
  }

  #seqsAt(wanted: OutboundStanding): number[] {
    return [...this.#window.entries()].filter(({ position }) => position === wanted).map(({ message }) => message.seq);
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
      const message = this.message(seq);
      if (message !== undefined) this.#events.push({ type: 'received', seq, message, reasonCode: 0 });
    }
    this.#untold.clear();
  }
}

/** What is told to the outside: that a message was sent twice is known from its being sent. */
function stageOf(position: OutboundStanding): OutboundStage {
  if (position === 'resent') return 'sent';
  return position === 'done' ? 'unsent' : position;
}
