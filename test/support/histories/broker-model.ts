import assert from 'node:assert/strict';
import { PacketDecoder } from '../../../src/mqtt/protocol/codec/packet-decoder.js';
import { PacketWriter } from '../../../src/mqtt/protocol/codec/packet-writer.js';
import type { ProtocolVersion } from '../../../src/mqtt/protocol/index.js';
import type { AckPacket, ConnectPacket, Packet, PublishPacket } from '../../../src/mqtt/protocol/packet.js';
import { type BrokerHabits, BrokerSession, type StoredMessage } from './broker-session.js';

/** What the broker model tells and asks. */
export interface BrokerOptions extends BrokerHabits {
  /** Most QoS 1 and 2 messages that a 5.0 client may have in flight; asked at each connect. */
  readonly receiveMaximum: () => number;
  /** PUBACK or PUBREC came for a message. */
  readonly onAcknowledged: (clientId: string, message: StoredMessage) => void;
}

/**
 * A pure broker: every message goes to every subscribed client, at the QoS at which it was published. No socket, no timer;
 * it keeps sessions until told to lose them, and asserts what a client owes it.
 */
export class BrokerModel {
  readonly #options: BrokerOptions;
  readonly #sessions = new Map<string, BrokerSession>();

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return [...this.#sessions.values()].every((session) => session.idle);
  }

  connect(version: ProtocolVersion): BrokerConnection {
    return new BrokerConnection(version, this.#options, {
      open: (packet) => this.#open(packet),
      publish: (message) => this.#publish(message),
    });
  }

  /** Forgets what it keeps for a client, which must not be connected. */
  lose(clientId: string): void {
    this.#sessions.delete(clientId);
  }

  #open({ clientId, clean }: ConnectPacket): { readonly session: BrokerSession; readonly present: boolean } {
    const found = clean ? undefined : this.#sessions.get(clientId);
    const session = found ?? new BrokerSession(this.#options);
    this.#sessions.set(clientId, session);
    return { session, present: found !== undefined };
  }

  #publish(message: StoredMessage): void {
    for (const session of this.#sessions.values()) if (session.subscribed) session.enqueue(message);
  }
}

interface Broker {
  open(packet: ConnectPacket): { readonly session: BrokerSession; readonly present: boolean };
  publish(message: StoredMessage): void;
}

/** One connection of a client to the broker model: bytes in, bytes out. */
export class BrokerConnection {
  readonly #decoder: PacketDecoder;
  readonly #writer = new PacketWriter('server');
  readonly #version: ProtocolVersion;
  readonly #options: BrokerOptions;
  readonly #broker: Broker;
  readonly #inflight = new Set<number>();
  #receiveMaximum = Number.POSITIVE_INFINITY;
  #lastSeq = -1;
  #clientId = '';
  #session: BrokerSession | undefined;

  constructor(version: ProtocolVersion, options: BrokerOptions, broker: Broker) {
    this.#version = version;
    this.#options = options;
    this.#broker = broker;
    this.#decoder = new PacketDecoder({ version, maximumPacketSize: 268_435_460, from: 'client' });
  }

  receive(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) this.#handle(packet);
  }

  takeOutput(): readonly Uint8Array[] {
    return this.#writer.take();
  }

  close(): void {
    this.#session?.disconnect();
  }

  #handle(packet: Packet): void {
    const session = this.#session;
    if (packet.type === 'connect') this.#connect(packet);
    else if (session === undefined) assert.fail(`${packet.type} before CONNECT`);
    else if (packet.type === 'publish') this.#publish(session, packet);
    else if (packet.type === 'subscribe') {
      session.subscribed ||= packet.subscriptions.some(({ filter }) => filter === '#');
      for (const { filter } of packet.subscriptions) session.filters.add(filter);
      this.#write({
        type: 'suback',
        packetId: packet.packetId,
        reasonCodes: packet.subscriptions.map(({ qos }) => qos),
      });
    } else if (packet.type === 'unsubscribe') {
      const reasonCodes = packet.filters.map((filter) => (session.filters.delete(filter) ? 0x00 : 0x11));
      this.#write({ type: 'unsuback', packetId: packet.packetId, reasonCodes });
    } else if (packet.type === 'pubrel') {
      session.release(packet);
    } else if (packet.type === 'puback' || packet.type === 'pubrec' || packet.type === 'pubcomp') {
      this.#acknowledged(session, packet);
    } else if (packet.type === 'pingreq') this.#write({ type: 'pingresp' });
    else assert.fail(`the client sent ${packet.type}: ${JSON.stringify(packet)}`);
  }

  #acknowledged(session: BrokerSession, packet: AckPacket): void {
    if (packet.type === 'pubcomp' && packet.reasonCode === 0x92) assert.equal(this.#version, 5);
    const message = session.acknowledge(packet);
    if (message !== undefined && packet.type !== 'pubcomp') this.#options.onAcknowledged(this.#clientId, message);
  }

  #connect(packet: ConnectPacket): void {
    this.#clientId = packet.clientId;
    const { session, present } = this.#broker.open(packet);
    this.#session = session;
    const v5 = this.#version === 5;
    if (v5) this.#receiveMaximum = this.#options.receiveMaximum();
    const properties = v5 ? { properties: { receiveMaximum: this.#receiveMaximum } } : {};
    const sessionPresent = present && this.#version > 3;
    this.#write({ type: 'connack', sessionPresent, reasonCode: 0, ...properties });
    session.connect((answer) => this.#write(answer), packet.properties?.receiveMaximum ?? 20);
  }

  #publish(session: BrokerSession, packet: PublishPacket): void {
    if (packet.qos > 0) {
      const seq = Number(new TextDecoder().decode(packet.payload).split(' ')[0]);
      assert.ok(seq > this.#lastSeq, 'messages go out in order, unfinished ones before new ones (R12)');
      this.#lastSeq = seq;
      this.#inflight.add(packet.packetId);
      assert.ok(this.#inflight.size <= this.#receiveMaximum, 'in flight at most the Receive Maximum (R8a)');
    }
    if (session.take(packet)) this.#broker.publish(packet);
  }

  #write(packet: Packet): void {
    if (packet.type === 'puback' || packet.type === 'pubcomp') this.#inflight.delete(packet.packetId);
    this.#writer.write(packet, this.#version);
  }
}
