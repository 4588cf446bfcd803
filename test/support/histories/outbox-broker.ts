import assert from 'node:assert/strict';
import { PacketDecoder } from '../../../src/mqtt/protocol/codec/packet-decoder.js';
import { PacketWriter } from '../../../src/mqtt/protocol/codec/packet-writer.js';
import type { AckPacket, Packet, PublishPacket } from '../../../src/mqtt/protocol/packet.js';

/** What the broker asks and tells, packet by packet. */
export interface OutboxBrokerOptions {
  readonly receiveMaximum: number;
  /** QoS 2 messages are handed on at PUBREL, or else at PUBLISH (5: 4.3.3 allows both). */
  readonly atRelease: boolean;
  /** Whether an answer waits behind later ones. */
  delays(): boolean;
  /** The code with which a PUBLISH of a new id is refused; 0 takes it. */
  refuse(packet: PublishPacket): number;
  /** Whether the connection ends at a PUBLISH, of which the broker keeps its half and says nothing (R20a). */
  closesAt(packet: PublishPacket): boolean;
  /** A message is handed on to its subscribers. */
  onDelivery(packet: PublishPacket): void;
  onPublish(packet: PublishPacket): void;
  onRelease(packetId: number): void;
}

/** A broker for one publisher, by the specification: it hands a QoS 2 message on at its PUBLISH, and once for each use of its id. */
export class OutboxBroker {
  readonly #options: OutboxBrokerOptions;
  readonly #writer = new PacketWriter('server');
  #decoder = newDecoder();
  #delayed: Packet[] = [];
  /** QoS 2 ids that wait for PUBREL. */
  #received: Map<number, PublishPacket> | undefined;
  #inflight = new Set<number>();
  #proven = false;
  #closed = false;

  constructor(options: OutboxBrokerOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return (this.#received?.size ?? 0) === 0;
  }

  /** It has ended the connection. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A connection begins. */
  open(): void {
    this.#closed = false;
    this.#decoder = newDecoder();
    this.#inflight = new Set();
    this.#delayed = [];
    this.#writer.take();
  }

  /** Between connections: the session is gone. */
  lose(): void {
    this.#received = undefined;
  }

  /** The client knows of the session. One whose CONNACK was lost counts as absent, as its proof would say (R5a). */
  prove(): void {
    this.#proven = true;
  }

  receive(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    for (let packet = this.#decoder.next(); packet !== undefined && !this.#closed; packet = this.#decoder.next()) {
      this.#handle(packet);
    }
  }

  takeOutput(): Uint8Array {
    const delayed = this.#delayed;
    this.#delayed = [];
    for (const packet of delayed) this.#answer(packet);
    return Buffer.concat(this.#writer.take());
  }

  #handle(packet: Packet): void {
    if (packet.type === 'connect') {
      const { receiveMaximum } = this.#options;
      if (!this.#proven) this.#received = undefined;
      this.#write({
        type: 'connack',
        sessionPresent: this.#received !== undefined,
        reasonCode: 0,
        properties: { receiveMaximum },
      });
      if (this.#received === undefined) {
        this.#received = new Map();
        this.#proven = false;
      }
    } else if (packet.type === 'publish') this.#publish(packet);
    else if (packet.type === 'pubrel') this.#release(packet);
    else {
      assert.equal(packet.type, 'pingreq');
      this.#write({ type: 'pingresp' });
    }
  }

  #publish(packet: PublishPacket): void {
    const { packetId, qos, dup } = packet;
    this.#options.onPublish(packet);
    if (qos === 0) {
      this.#options.onDelivery(packet);
      return;
    }
    if (this.#options.closesAt(packet)) {
      this.#closed = true;
      if (qos === 2) this.#received?.set(packetId, packet);
      return;
    }
    this.#inflight.add(packetId);
    assert.ok(this.#inflight.size <= this.#options.receiveMaximum, 'R8a: in flight at most the Receive Maximum');
    const answer = qos === 1 ? 'puback' : 'pubrec';
    const known = this.#received?.get(packetId);
    if (known !== undefined) {
      assert.ok(dup, `R11: packet id ${packetId} is used again before its completion`);
      assert.deepEqual([known.topic, [...known.payload]], [packet.topic, [...packet.payload]], 'R12: byte-identical');
      this.#answer({ type: answer, packetId, reasonCode: 0 });
      return;
    }
    const reasonCode = this.#options.refuse(packet);
    this.#answer({ type: answer, packetId, reasonCode });
    if (reasonCode >= 0x80) return;
    if (qos === 2) this.#received?.set(packetId, packet);
    if (qos === 1 || !this.#options.atRelease) this.#options.onDelivery(packet);
  }

  #release({ packetId }: AckPacket): void {
    this.#options.onRelease(packetId);
    const known = this.#received?.get(packetId);
    this.#received?.delete(packetId);
    if (known !== undefined && this.#options.atRelease) this.#options.onDelivery(known);
    this.#answer({ type: 'pubcomp', packetId, reasonCode: known === undefined ? 0x92 : 0 });
  }

  #answer(packet: Packet): void {
    if (this.#options.delays()) {
      this.#delayed.push(packet);
      return;
    }
    const { type } = packet;
    if (type === 'puback' || type === 'pubcomp' || (type === 'pubrec' && packet.reasonCode >= 0x80)) {
      this.#inflight.delete(packet.packetId);
    }
    this.#write(packet);
  }

  #write(packet: Packet): void {
    this.#writer.write(packet, 5);
  }
}

const newDecoder = (): PacketDecoder =>
  new PacketDecoder({ version: 5, maximumPacketSize: 268_435_460, from: 'client' });
