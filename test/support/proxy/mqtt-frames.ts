/*
 * Cuts a byte stream into MQTT packets by their fixed header and reads the few fields that faults are aimed by. It is kept
 * apart from the project's codec on purpose: what tells the tests which packet passed must not share the codec's mistakes.
 */

const TYPES = [
  'reserved',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
  'auth',
] as const;

/** `raw`: bytes that are no MQTT packet. */
export type FrameType = (typeof TYPES)[number] | 'raw';

/** One packet on its way. Fields that the packet does not have are undefined (flags: 0 and false). */
export interface Frame {
  readonly type: FrameType;
  /** The whole packet, header included. */
  readonly bytes: Uint8Array;
  readonly packetId: number | undefined;
  readonly topic: string | undefined;
  readonly qos: number;
  readonly dup: boolean;
  readonly retain: boolean;
  /** Of acknowledgements, CONNACK and DISCONNECT; 0 where the packet is too short to have one. */
  readonly reasonCode: number | undefined;
}

const WITH_ID: ReadonlySet<FrameType> = new Set<FrameType>([
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
]);
const ACKS: ReadonlySet<FrameType> = new Set<FrameType>(['puback', 'pubrec', 'pubrel', 'pubcomp']);

/** Where the body of the packet at the start of `bytes` begins and ends. */
interface Extent {
  readonly bodyStart: number;
  readonly end: number;
}

/** Collects bytes and gives whole packets. After bytes that cannot be a packet everything is `raw`. */
export class MqttFramer {
  #rest: Uint8Array = new Uint8Array(0);
  #raw: boolean;

  /** `opaque`: the bytes are not MQTT (TLS, say); every chunk is one `raw` frame. */
  constructor(opaque = false) {
    this.#raw = opaque;
  }

  push(chunk: Uint8Array): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (this.#rest.length > 0) {
      const extent = this.#raw ? 'malformed' : extentOf(this.#rest);
      if (extent === 'incomplete') break;
      const end = extent === 'malformed' ? this.#rest.length : extent.end;
      const bytes = this.#rest.subarray(0, end);
      this.#raw ||= extent === 'malformed';
      this.#rest = this.#rest.subarray(end);
      frames.push(extent === 'malformed' ? rawFrame(bytes) : parseFrame(bytes, extent.bodyStart));
    }
    return frames;
  }

  /** Bytes of a packet that has not arrived whole. */
  takeRest(): Uint8Array {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    return rest;
  }
}

/** Bytes without a meaning. */
export function rawFrame(bytes: Uint8Array): Frame {
  return {
    type: 'raw',
    bytes,
    packetId: undefined,
    topic: undefined,
    qos: 0,
    dup: false,
    retain: false,
    reasonCode: undefined,
  };
}

function extentOf(bytes: Uint8Array): Extent | 'incomplete' | 'malformed' {
  let length = 0;
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return 'incomplete';
    length += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) {
      const end = index + 1 + length;
      return bytes.length < end ? 'incomplete' : { bodyStart: index + 1, end };
    }
  }
  return 'malformed';
}

function parseFrame(bytes: Uint8Array, bodyStart: number): Frame {
  const head = bytes[0] ?? 0;
  const type: FrameType = TYPES[head >> 4] ?? 'raw';
  const frame: Frame = { ...rawFrame(bytes), type };
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + bodyStart, bytes.length - bodyStart);
  if (type === 'publish') return { ...frame, ...publishFields(head, body) };
  if (WITH_ID.has(type) && body.length >= 2) {
    return { ...frame, packetId: body.readUInt16BE(0), reasonCode: ACKS.has(type) ? (body[2] ?? 0) : undefined };
  }
  if (type === 'connack') return { ...frame, reasonCode: body[1] ?? 0 };
  if (type === 'disconnect') return { ...frame, reasonCode: body[0] ?? 0 };
  return frame;
}

type PublishFields = Pick<Frame, 'qos' | 'dup' | 'retain'> & Partial<Pick<Frame, 'topic' | 'packetId'>>;

function publishFields(head: number, body: Buffer): PublishFields {
  const qos = (head >> 1) & 3;
  const flags = { qos, dup: (head & 8) !== 0, retain: (head & 1) !== 0 };
  if (body.length < 2) return flags;
  const topicEnd = 2 + body.readUInt16BE(0);
  if (body.length < topicEnd + (qos > 0 ? 2 : 0)) return flags;
  const topic = body.toString('utf8', 2, topicEnd);
  return qos === 0 ? { ...flags, topic } : { ...flags, topic, packetId: body.readUInt16BE(topicEnd) };
}
