import { MillraceError } from '../../../../errors/index.js';
import type { PublishPacket } from '../../packet.js';
import type { Rejection } from '../../rejection.js';
import type { EventQueue } from '../event-queue.js';
import type { PacketOutput } from '../packet-output.js';
import { isBare, ProofGate } from '../proof/proof-gate.js';
import type { InboundMemory, InboundRow } from '../session-state.js';
import { Deliveries } from './deliveries.js';
import { idInUse } from './inbound-step.js';
import { Qos1Messages } from './qos1-messages.js';
import { Qos2Messages } from './qos2-messages.js';
import { TopicAliases } from './topic-aliases.js';

/** What the inbound side must know for its whole life. */
export interface InboundOptions {
  /** Ours; 0 allows the server none [MQTT-3.1.2-27]. */
  readonly topicAliasMaximum: number;
  /** As in `PubrecHold`. */
  readonly mostOpen: number;
  /** As in `SessionOptions`. */
  readonly storesIds: boolean;
  /** The rejection of the PUBLISH at hand; absent where an error of its topic alias ends the connection. */
  readonly rejectionOf: ((error: MillraceError) => Rejection | undefined) | undefined;
  /** Of an earlier process, in any order; the tokens of new messages begin above theirs. */
  readonly rows: readonly InboundRow[];
  /** Of the same commit as the rows (R2b). */
  readonly memory: InboundMemory | undefined;
}

/**
 * Incoming messages on their way in: what topic each has, whether it may pass while the session is being proven (R14b), and which of the
 * two flows is its own.
 *
 * A server that sends more than our Receive Maximum [MQTT-3.3.4-9] is tolerated: mosquitto 2.0.11 does so with every backlog
 * above it, at the first PUBACK, and a DISCONNECT 0x93 would bring it all again. The packet ids are the bound here; what is
 * not polled has bounds in count and bytes above.
 */
export class InboundMessages {
  readonly #output: PacketOutput;
  readonly #options: InboundOptions;
  readonly #aliases: TopicAliases;
  readonly #deliveries: Deliveries;
  readonly #qos1: Qos1Messages;
  /** Its flow over all connections of an epoch. */
  readonly qos2: Qos2Messages;
  /** What waits until the session is proven. */
  readonly gate: ProofGate;

  constructor(output: PacketOutput, events: EventQueue, options: InboundOptions) {
    const { rows, memory, topicAliasMaximum, mostOpen } = options;
    this.#output = output;
    this.#options = options;
    this.#aliases = new TopicAliases(topicAliasMaximum);
    this.#deliveries = new Deliveries(
      events,
      rows.reduce((highest, { token }) => Math.max(highest, token + 1), 0),
    );
    this.#qos1 = new Qos1Messages(output);
    const answerTo = (packet: PublishPacket) => this.#answerTo(packet);
    this.qos2 = new Qos2Messages({
      output,
      events,
      deliveries: this.#deliveries,
      answerTo,
      mostOpen,
      rows,
      memory,
    });
    this.gate = new ProofGate(this.qos2.copies);
  }

  connectionLost(): void {
    this.#aliases.clear();
    this.#qos1.connectionLost();
    this.gate.reset();
    this.qos2.connectionLost();
  }

  /** PUBLISH. Throws PROTOCOL_ERROR. */
  handlePublish(packet: PublishPacket): void {
    const { topic, properties, rejection } = packet;
    if (rejection !== undefined) {
      this.#aliases.forget(packet);
      this.#admit(packet, topic);
    } else if (topic !== '' && properties?.topicAlias === undefined) this.#admit(packet, topic);
    else this.#handleAliased(packet);
  }

  /** Takes what has waited for the proof of the session and passes now, in order (R14b). Throws PROTOCOL_ERROR. */
  handleHeld(): void {
    for (const { packet, topic } of this.gate.takeDue()) {
      const passes = this.gate.passes(packet, topic);
      // let go of as a copy, of a session that turned out not to be ours
      if (passes && isBare(packet) && !this.qos2.isOfEarlier(packet.packetId)) throw toComeAgain();
      // its PUBREC goes out in the place that was kept for it, unless its row still waits for the owner
      if (passes && packet.qos === 2) this.qos2.settlePlace(packet.packetId);
      this.#admit(packet, topic);
    }
  }

  /** Late, repeated and unknown tokens do nothing. */
  accept(token: number): void {
    if (!this.#qos1.accept(token)) this.qos2.accept(token);
  }

  /** R22: a topic alias that stands for nothing rejects its PUBLISH, and no other. */
  #handleAliased(packet: PublishPacket): void {
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

  #admit(packet: PublishPacket, topic: string): void {
    const { qos, packetId } = packet;
    if (!this.gate.passes(packet, topic)) this.#hold(packet, topic);
    else if (qos === 1) this.#handleQos1(packet, topic);
    else if (qos === 0) this.#deliveries.deliver(packet, topic);
    else if (this.#qos1.has(packetId)) throw idInUse(packetId);
    else this.qos2.handlePublish(packet, topic);
  }

  #hold(packet: PublishPacket, topic: string): void {
    if (this.gate.hold(packet, topic)) this.qos2.keepPlace(packet.packetId);
    else this.handleHeld();
  }

  #handleQos1(packet: PublishPacket, topic: string): void {
    if (!this.#qos1.isNew(packet)) return;
    // before it is delivered, so that `session-suspect` is told first
    this.qos2.passedBy(packet);
    const reasonCode = packet.rejection === undefined ? 0 : this.#answerTo(packet);
    this.#qos1.take(packet.packetId, this.#deliveries.deliver(packet, topic), reasonCode);
  }

  /** R22: what PUBACK or PUBREC says. Below 5.0, and of a QoS 2 message whose id is stored, nothing but success can be said. */
  #answerTo({ qos, rejection }: PublishPacket): number {
    if (rejection === undefined || this.#output.version < 5) return 0;
    return qos === 2 && this.#options.storesIds ? 0 : rejection.reasonCode;
  }
}

/** The session was not ours, and too much of what is new in it came before we knew: the next connection brings it again. */
function toComeAgain() {
  return new MillraceError(
    'CONNECTION_LOST',
    'messages of another session came before it was known: they are to come again',
  );
}
