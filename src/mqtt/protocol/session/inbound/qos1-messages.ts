import type { PublishPacket } from '../../packet.js';
import type { PacketOutput } from '../packet-output.js';
import { AckQueue } from './ack-queue.js';
import { INBOUND_QOS1 } from './inbound-qos1-flow.js';
import { inboundStep } from './inbound-step.js';

const PACKET_IDS = 65_535;

/** Incoming QoS 1 messages. Each lives as long as its connection: only there it is answered (R14a), in its order (R14). */
export class Qos1Messages {
  readonly #output: PacketOutput;
  readonly #queue = new AckQueue();
  /** 1 for each packet id that a message of the queue has. */
  readonly #ids = new Uint8Array(PACKET_IDS + 1);

  constructor(output: PacketOutput) {
    this.#output = output;
  }

  has(packetId: number): boolean {
    return this.#ids[packetId] === 1;
  }

  /** False for a copy of one that has no PUBACK yet. Throws PROTOCOL_ERROR for another with its id. */
  isNew({ packetId, dup }: PublishPacket): boolean {
    const position = this.#ids[packetId] === 1 ? 'taken' : 'free';
    return inboundStep(INBOUND_QOS1, position, dup ? 'publish-dup' : 'publish', packetId).action === 'deliver';
  }

  /** A new message was delivered under this token; `reasonCode` is what its PUBACK is to say. */
  take(packetId: number, token: number, reasonCode: number): void {
    this.#ids[packetId] = 1;
    this.#queue.push(token, packetId, reasonCode);
  }

  /** False when the token is of none of these. */
  accept(token: number): boolean {
    if (!this.#queue.accept(token)) return false;
    for (let due = this.#queue.takeNext(); due !== undefined; due = this.#queue.takeNext()) {
      const { packetId, reasonCode } = due;
      // the server uses it again only when it has read the PUBACK
      this.#ids[packetId] = 0;
      this.#output.write({ type: 'puback', packetId, reasonCode });
    }
    return true;
  }

  connectionLost(): void {
    this.#queue.clear();
    this.#ids.fill(0);
  }
}
