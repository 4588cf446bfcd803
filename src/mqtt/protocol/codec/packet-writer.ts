import type { AckPacket, Packet, PacketType, PublishPacket } from '../packet.js';
import type { ProtocolVersion } from '../protocol-version.js';
import type { Sender } from '../reason-code.js';
import { ByteWriter, checkInteger } from './encode/byte-writer.js';
import { encodeBody } from './encode/encode-body.js';
import type { EncodeContext } from './encode/encode-context.js';
import { refuseProperties } from './encode/encode-fields.js';
import { OutputBuffer } from './encode/output-buffer.js';
import { writeProperties } from './encode/property-writer.js';
import { TopicEncoder } from './encode/topic-encoder.js';
import { firstByteOf, PACKET_KINDS } from './packet-kind.js';
import { invalidMessage, messageTooLarge } from './protocol-error.js';
import { MAX_VARIABLE_INTEGER, variableIntegerSize, writeVariableInteger } from './variable-integer.js';

/** A payload from this size on is a chunk of its own and not copied. */
const ATTACHED_PAYLOAD = 4096;
const PUBLISH = firstByteOf('publish');
const NO_TOPIC = new Uint8Array(2);
/** By version: 5.0 says that there are none. */
const NO_PROPERTIES_IN: Readonly<Record<ProtocolVersion, Uint8Array | undefined>> = {
  3: undefined,
  4: undefined,
  5: new Uint8Array(1),
};
/** The first byte of the packets that can be bare: success, without properties. */
const BARE_ACKS: Readonly<Partial<Record<PacketType, number>>> = {
  puback: firstByteOf('puback'),
  pubrec: firstByteOf('pubrec'),
  pubrel: firstByteOf('pubrel'),
  pubcomp: firstByteOf('pubcomp'),
};
const BARE_ACK_BYTES = 4;

/**
 * Packets to bytes, gathered for one write. Strict: a packet that the specification forbids throws INVALID_MESSAGE or
 * INVALID_TOPIC, one that is too large MESSAGE_TOO_LARGE, and then nothing of it is written.
 *
 * A payload of 4096 bytes or more is not copied: it must not change until the taken chunks are written.
 */
export class PacketWriter {
  /**
   * Bytes of a whole packet that the peer takes; a larger one throws MESSAGE_TOO_LARGE [MQTT-3.2.2-15]. Default: no limit but the
   * protocol's.
   */
  maximumPacketSize = Number.POSITIVE_INFINITY;
  private readonly context: EncodeContext;
  private readonly topics = new TopicEncoder();
  private readonly output = new OutputBuffer();

  /** @param from The end that writes, so that what only the other may send is refused. Default: either end's packets. */
  constructor(from?: Sender) {
    this.context = { writer: new ByteWriter(), from, version: 4 };
  }

  /** Bytes written and not yet taken. */
  get size(): number {
    return this.output.size;
  }

  /** Adds one packet. */
  write(packet: Packet, version: ProtocolVersion): void {
    if (packet.type === 'publish') {
      this.writePublish(packet, version);
      return;
    }
    if ('packetId' in packet && 'reasonCode' in packet && this.writeBareAck(packet)) return;
    const first = firstByteOf(packet.type);
    this.checkSender(first, version);
    const { context, output } = this;
    context.version = version;
    context.writer.reset();
    encodeBody(context, packet);
    const { bytes, position } = context.writer;
    this.writeHeader(first, position, position);
    output.append(bytes, position);
  }

  /** Hands out everything written since the last call; the writer never touches those bytes again. Empty when there is nothing. */
  take(): Uint8Array[] {
    return this.output.take();
  }

  private writePublish(packet: PublishPacket, version: ProtocolVersion): void {
    const { payload, qos, packetId } = packet;
    checkPublish(packet);
    const aliased = packet.topic === '' && version === 5 && packet.properties?.topicAlias !== undefined;
    const topic = aliased ? NO_TOPIC : this.topics.encode(packet.topic);
    const bare = packet.properties === undefined;
    const properties = bare ? NO_PROPERTIES_IN[version] : this.propertiesOf(packet, version);
    const fields = topic.length + (qos === 0 ? 0 : 2) + (properties === undefined ? 0 : properties.length);
    const attached = payload.length >= ATTACHED_PAYLOAD;
    const flags = (packet.dup ? 8 : 0) | (qos << 1) | (packet.retain ? 1 : 0);
    this.writeHeader(PUBLISH | flags, fields + payload.length, attached ? fields : fields + payload.length);
    const { output } = this;
    output.append(topic, topic.length);
    if (qos !== 0) {
      output.bytes[output.position++] = packetId >>> 8;
      output.bytes[output.position++] = packetId & 0xff;
    }
    if (properties !== undefined) output.append(properties, properties.length);
    if (attached) output.attach(payload);
    else output.append(payload, payload.length);
  }

  /** Half of all packets are these four bytes. False for any other, and for what the long way refuses. */
  private writeBareAck({ type, packetId, reasonCode, properties }: AckPacket): boolean {
    const first = BARE_ACKS[type];
    if (first === undefined || reasonCode !== 0 || properties !== undefined) return false;
    if (packetId === 0 || packetId !== (packetId & 0xffff) || this.maximumPacketSize < BARE_ACK_BYTES) return false;
    const { output } = this;
    output.reserve(BARE_ACK_BYTES);
    output.bytes[output.position++] = first;
    output.bytes[output.position++] = 2;
    output.bytes[output.position++] = packetId >>> 8;
    output.bytes[output.position++] = packetId & 0xff;
    return true;
  }

  private propertiesOf(packet: PublishPacket, version: ProtocolVersion): Uint8Array | undefined {
    if (version < 5) {
      refuseProperties(packet.properties);
      return undefined;
    }
    const { writer, from } = this.context;
    writer.reset();
    writeProperties(writer, packet.properties, { carrier: 'publish', from });
    return writer.view();
  }

  /** Writes a fixed header and reserves room for it and for `room` bytes behind it. */
  private writeHeader(first: number, length: number, room: number): void {
    if (length > MAX_VARIABLE_INTEGER) throw messageTooLarge(length, MAX_VARIABLE_INTEGER);
    const header = length < 0x80 ? 2 : 1 + variableIntegerSize(length);
    if (header + length > this.maximumPacketSize) throw messageTooLarge(header + length, this.maximumPacketSize);
    const { output } = this;
    output.reserve(header + room);
    output.bytes[output.position++] = first;
    if (length < 0x80) output.bytes[output.position++] = length;
    else output.position = writeVariableInteger(length, output.bytes, output.position);
  }

  private checkSender(first: number, version: ProtocolVersion): void {
    const kind = PACKET_KINDS[first >> 4];
    if (kind === undefined) throw invalidMessage('There is no such packet type');
    const only = version < 5 ? kind.onlyFrom3 : kind.onlyFrom;
    const { from } = this.context;
    if (from !== undefined && only !== undefined && only !== from) {
      throw invalidMessage(`A ${from} does not send ${kind.type}`);
    }
  }
}

function checkPublish(packet: PublishPacket): void {
  const { qos, packetId, payload } = packet;
  if (!(payload instanceof Uint8Array)) throw invalidMessage('The payload must be a Uint8Array');
  if (qos === 0) {
    if (packet.dup) throw invalidMessage('A message at QoS 0 must not have dup [MQTT-3.3.1-2]');
    if (packetId !== 0) throw invalidMessage('A message at QoS 0 has packet id 0 [MQTT-2.3.1-5, 5: MQTT-2.2.1-2]');
    return;
  }
  if (qos !== 1 && qos !== 2) throw invalidMessage(`There is no QoS ${String(qos)} [MQTT-3.3.1-4]`);
  if (packetId === 0) throw invalidMessage('A packet id must not be 0 [MQTT-2.3.1-1, 5: MQTT-2.2.1-3]');
  if (packetId !== (packetId & 0xffff)) checkInteger(packetId, 0xffff, 'packetId');
}
