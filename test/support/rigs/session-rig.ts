import { encodePacket } from '../../../src/mqtt/protocol/codec/encode/encode-packet.js';
import { PacketDecoder } from '../../../src/mqtt/protocol/codec/packet-decoder.js';
import {
  type ConnackPacket,
  type ConnectRequest,
  type OutboundMessage,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type QualityOfService,
  Session,
  type SessionEvent,
  type SessionOptions,
} from '../../../src/mqtt/protocol/index.js';
import { connectRequest, sessionOptions } from '../histories/client-session.js';

/** A Session whose server is the test: packets in, packets out, a clock that the test sets. */
export class SessionRig {
  readonly session: Session;
  now = 0;
  #version: ProtocolVersion = 5;
  #decoder = new PacketDecoder({ version: 5, maximumPacketSize: 268_435_460, from: 'client' });
  #events: SessionEvent[] = [];

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new Session(sessionOptions(options));
  }

  /** CONNECT, and CONNACK with what the test wants of it. */
  connect(request: Partial<ConnectRequest> = {}, connack: Partial<ConnackPacket> = {}): this {
    this.dial(request);
    this.serve({ type: 'connack', sessionPresent: false, reasonCode: 0, ...connack });
    return this;
  }

  /** CONNECT alone. */
  dial(request: Partial<ConnectRequest> = {}): void {
    const full = connectRequest(request);
    this.#version = full.version;
    this.#decoder = new PacketDecoder({ version: full.version, maximumPacketSize: 268_435_460, from: 'client' });
    this.session.connect(full, this.now);
  }

  /** The connection is cut, and the next one finds the session present. */
  resume(request: Partial<ConnectRequest> = {}, connack: Partial<ConnackPacket> = {}): this {
    this.cut();
    return this.connect(request, { sessionPresent: true, ...connack });
  }

  cut(): void {
    this.session.connectionLost(this.now);
  }

  /** The server sends packets, in one chunk. */
  serve(...packets: readonly Packet[]): void {
    this.serveBytes(Buffer.concat(packets.map((packet) => encodePacket(packet, this.#version))));
  }

  serveBytes(bytes: Uint8Array): void {
    this.session.receive(bytes, this.now);
  }

  /** The events since the last call. */
  events(): readonly SessionEvent[] {
    const events = [...this.#events, ...this.session.takeEvents()];
    this.#events = [];
    return events;
  }

  /** The types of the events since the last call. */
  eventTypes(): readonly string[] {
    return this.events().map(({ type }) => type);
  }

  /** The packets written since the last call. */
  written(): readonly Packet[] {
    for (const bytes of this.session.takeOutput()) this.#decoder.push(bytes);
    const packets: Packet[] = [];
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) packets.push(packet);
    return packets;
  }

  /** What was written, as `type id` or `type id code` when the code is not 0; `+` stands for DUP. */
  answers(): readonly string[] {
    return this.written().map(summary);
  }

  /** Forgets events and packets up to now. */
  forget(): this {
    this.events();
    this.written();
    return this;
  }
}

/** A message to publish. */
export function outbound(seq: number, qos: QualityOfService, changes: Partial<OutboundMessage> = {}): OutboundMessage {
  return { seq, topic: 'topic', payload: new TextEncoder().encode(`message ${seq}`), qos, retain: false, ...changes };
}

/** A PUBLISH of the server. */
export function inbound(
  packetId: number,
  qos: QualityOfService,
  changes: { dup?: boolean; topic?: string; properties?: Properties } = {},
): Packet {
  return {
    type: 'publish',
    topic: 'topic',
    payload: new Uint8Array(1),
    qos,
    retain: false,
    dup: false,
    packetId,
    ...changes,
  };
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP of the server. */
export function ack(type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', packetId: number, reasonCode = 0): Packet {
  return { type, packetId, reasonCode };
}

function summary(packet: Packet): string {
  const dup = packet.type === 'publish' && packet.dup ? '+' : '';
  const id = 'packetId' in packet ? ` ${packet.packetId}` : '';
  const code = 'reasonCode' in packet && packet.reasonCode !== 0 ? ` 0x${packet.reasonCode.toString(16)}` : '';
  return `${packet.type}${dup}${id}${code}`;
}
