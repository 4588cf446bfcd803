/*
 * MQTT bytes for the fake broker and the bare sockets of the benchmarks, 5.0 where nothing else is said. On purpose not Millrace's codec: what
 * measures must not share code with what is measured.
 */

/** The protocol level of MQTT 5.0. Below it no packet has properties. */
export const LEVEL_5 = 5;

const noProperties = (level: number): readonly Uint8Array[] => (level < LEVEL_5 ? [] : [Buffer.from([0])]);

/** Bytes from the socket, cut into packets by their fixed headers and nothing more. */
export class PacketWalker {
  #rest: Buffer = Buffer.alloc(0);

  /** Calls `onPacket` with the first byte, and where the packet's body starts and ends in `buffer`. */
  push(chunk: Buffer, onPacket: (first: number, buffer: Buffer, start: number, end: number) => void): void {
    const buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    while (offset + 2 <= buffer.length) {
      let start = offset + 1;
      let length = 0;
      let shift = 0;
      let byte = 0x80;
      while (byte >= 0x80 && start < buffer.length) {
        byte = buffer[start] ?? 0;
        length |= (byte & 0x7f) << shift;
        shift += 7;
        start += 1;
      }
      if (byte >= 0x80 || start + length > buffer.length) break;
      onPacket(buffer[offset] ?? 0, buffer, start, start + length);
      offset = start + length;
    }
    this.#rest = offset === buffer.length ? Buffer.alloc(0) : Buffer.from(buffer.subarray(offset));
  }
}

function packet(first: number, ...body: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(body);
  const length: number[] = [];
  let rest = content.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), content]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

const uint16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);

/** CONNECT of MQTT 5.0 without keep-alive; a kept session lives for an hour. */
export function connectBytes(clientId: string, keepSession = false): Buffer {
  const properties = keepSession ? Buffer.from([5, 0x11, 0, 0, 0x0e, 0x10]) : Buffer.from([0]);
  return packet(0x10, text('MQTT'), Buffer.from([5, keepSession ? 0 : 2, 0, 0]), properties, text(clientId));
}

/** CONNACK: accepted; the Receive Maximum is left at 65535. */
export const connackBytes = (sessionPresent: boolean, level: number): Buffer =>
  packet(0x20, Buffer.from([sessionPresent ? 1 : 0, 0]), ...noProperties(level));

interface Connect {
  readonly clientId: string;
  readonly clean: boolean;
  readonly level: number;
}

/** Of the body of a CONNECT with few properties. */
export function readConnect(body: Buffer): Connect {
  const levelAt = 2 + body.readUInt16BE(0);
  const level = body[levelAt] ?? 0;
  const propertiesAt = levelAt + 4;
  const idAt = level < LEVEL_5 ? propertiesAt : propertiesAt + 1 + (body[propertiesAt] ?? 0);
  const clientId = body.toString('utf8', idAt + 2, idAt + 2 + body.readUInt16BE(idAt));
  return { clientId, clean: ((body[levelAt + 1] ?? 0) & 2) !== 0, level };
}

export function subscribeBytes(filter: string, qos: number): Buffer {
  return packet(0x82, uint16(1), Buffer.from([0]), text(filter), Buffer.from([qos]));
}

interface Asked {
  readonly filter: string;
  readonly qos: number;
}

/** Of the body of a SUBSCRIBE with few properties. */
export function readSubscribe(
  body: Buffer,
  level: number,
): { readonly packetId: number; readonly filters: readonly Asked[] } {
  const filters: Asked[] = [];
  for (let at = level < LEVEL_5 ? 2 : 3 + (body[2] ?? 0); at < body.length; ) {
    const end = at + 2 + body.readUInt16BE(at);
    filters.push({ filter: body.toString('utf8', at + 2, end), qos: (body[end] ?? 0) & 3 });
    at = end + 1;
  }
  return { packetId: body.readUInt16BE(0), filters };
}

/** SUBACK: each filter at the QoS that was asked for. */
export function subackBytes(packetId: number, granted: readonly number[], level: number): Buffer {
  return packet(0x90, uint16(packetId), ...noProperties(level), Buffer.from(granted));
}

/** Of the body of an UNSUBSCRIBE with few properties. */
export function readUnsubscribe(body: Buffer): { readonly packetId: number; readonly filters: readonly string[] } {
  const filters: string[] = [];
  for (let at = 3 + (body[2] ?? 0); at < body.length; at += 2 + body.readUInt16BE(at)) {
    filters.push(body.toString('utf8', at + 2, at + 2 + body.readUInt16BE(at)));
  }
  return { packetId: body.readUInt16BE(0), filters };
}

/** UNSUBACK: for each filter whether it was subscribed to. */
export function unsubackBytes(packetId: number, existed: readonly boolean[]): Buffer {
  return packet(0xb0, uint16(packetId), Buffer.from([0, ...existed.map((did) => (did ? 0 : 0x11))]));
}

/** The id is 0 at QoS 0. */
export function publishBytes(
  topic: string,
  payload: Uint8Array,
  qos: number,
  packetId: number,
  level = LEVEL_5,
): Buffer {
  const id = qos === 0 ? [] : [uint16(packetId)];
  return packet(0x30 | (qos << 1), text(topic), ...id, ...noProperties(level), payload);
}

export const DISCONNECT = Buffer.from([0xe0, 0]);

/** The first bytes of the four acknowledgements, two more for the id follow a length of 2. */
export const PUBACK = 0x40;
export const PUBREC = 0x50;
export const PUBREL = 0x62;
export const PUBCOMP = 0x70;

/** Acknowledgements gathered into one write. */
export class AckWriter {
  #buffer = Buffer.allocUnsafe(65536);
  #length = 0;

  add(first: number, idHigh: number, idLow: number): void {
    if (this.#length + 4 > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer, this.#buffer]);
    this.#buffer[this.#length] = first;
    this.#buffer[this.#length + 1] = 2;
    this.#buffer[this.#length + 2] = idHigh;
    this.#buffer[this.#length + 3] = idLow;
    this.#length += 4;
  }

  take(): Buffer | undefined {
    if (this.#length === 0) return undefined;
    const bytes = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return bytes;
  }
}
