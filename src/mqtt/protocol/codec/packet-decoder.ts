import { MillraceError } from '../../../errors/index.js';
import type { Packet } from '../packet.js';
import type { ProtocolVersion } from '../protocol-version.js';
import type { Sender } from '../reason-code.js';
import type { Rejection } from '../rejection.js';
import { receivedTopicProblem, topicNameProblem } from '../topic.js';
import { ByteReader } from './decode/byte-reader.js';
import { checkFirstByte } from './decode/check-first-byte.js';
import { decodeBody } from './decode/decode-body.js';
import type { DecodeContext } from './decode/decode-context.js';
import { TopicDecoder } from './decode/topic-decoder.js';
import type { PacketKind } from './packet-kind.js';
import { malformed, packetTooLarge } from './protocol-error.js';
import { rejectionOf } from './rejected-publish.js';
import type { Tolerance } from './tolerance.js';
import { foreignProtocol, wrongProtocol } from './wrong-protocol.js';

/** What a decoder must know for its whole life. */
export interface PacketDecoderOptions {
  /** By which packets are read; the CONNECT of a client sets another. */
  readonly version: ProtocolVersion;
  /** Bytes of a whole packet; a larger one is refused at its fixed header, before anything of it is kept. */
  readonly maximumPacketSize: number;
  /** Which end sends the packets: what only the other end may send is a protocol error. */
  readonly from: Sender;
  /** How many properties a packet may have. Default: any number. */
  readonly maxProperties?: number;
  /** Default: strict. */
  readonly tolerance?: Tolerance;
}

const EMPTY = new Uint8Array(0);
/** The most that is set aside for a split packet before any of it has come: what its header claims proves nothing. */
const FIRST_BODY = 1024 * 1024;

/**
 * Packets from the bytes of one connection, cut anyhow. Strict: what the specification forbids is refused. With a tolerance it bears
 * with what would stop everything behind one packet (R22), and still throws at what cannot be delimited.
 *
 * It owns the bytes that make no whole packet yet. Where it stands is one of four places: at the first bytes of the stream (DE4), before
 * the first byte of a packet (`kind` undefined), in the remaining length, or in the body of a split packet (`body`). The invariants:
 * DE1. A packet that lies in one pushed chunk is not copied: its payload is a view of the chunk, so a chunk must not be written to
 *      again, and whoever keeps the payload keeps the chunk. Binary properties, passwords and will payloads are copies.
 * DE2. What a header claims costs nothing: a packet is refused at its fixed header when it is too large, of the wrong end or of
 *      the wrong length, and the buffer of a split one grows with what has come, but for a first MiB to at most twice that.
 * DE3. Nothing is kept but the last chunk, chunks pushed before `next` gave undefined, and one split packet of at most
 *      `maximumPacketSize` bytes.
 * DE4. The first bytes of the stream must be MQTT: another protocol is named before it is misread.
 * DE5. After an error the stream is over: where a packet ends cannot be known any more.
 *
 * Order of calls: `push` any number of chunks, then `next` until it gives undefined. `rejection` is about the PUBLISH that `next` gave
 * last, and has to come before the next `next`, which reads over it. Nobody is called back.
 */
export class PacketDecoder {
  private readonly context: DecodeContext;
  private readonly maximumPacketSize: number;
  private chunk: Uint8Array = EMPTY;
  private position = 0;
  private waiting: Uint8Array[] = [];
  private nextWaiting = 0;
  private sniffed = false;
  private readonly head = new Uint8Array(5);
  private headLength = 0;
  /** Of the packet that is being read, as its first byte says; its length has been read up to `shift` bits. */
  private kind: PacketKind | undefined;
  private first = 0;
  private shift = 0;
  private length = 0;
  /** The body of a split packet. */
  private body: Uint8Array | undefined;
  private filled = 0;
  private failure: MillraceError | undefined;

  constructor(options: PacketDecoderOptions) {
    const { version, from, maximumPacketSize, maxProperties = Number.POSITIVE_INFINITY, tolerance } = options;
    this.maximumPacketSize = maximumPacketSize;
    this.context = {
      reader: new ByteReader(),
      topics: new TopicDecoder(tolerance?.refuseControlCharacters === false ? receivedTopicProblem : topicNameProblem),
      from,
      version,
      maxProperties,
      tolerance,
      leftOut: tolerance && [],
      topicProblem: tolerance === undefined ? topicNameProblem : receivedTopicProblem,
      first: 0,
      start: 0,
      end: 0,
    };
  }

  /** The version that packets are read by. A CONNECT sets it. */
  get version(): ProtocolVersion {
    return this.context.version;
  }

  set version(version: ProtocolVersion) {
    this.context.version = version;
  }

  /** Bytes of memory that are held for packets that are not complete. */
  get buffered(): number {
    let bytes = this.chunk.length - this.position + (this.body === undefined ? 0 : this.body.length);
    for (let index = this.nextWaiting; index < this.waiting.length; index += 1)
      bytes += this.waiting[index]?.length ?? 0;
    return bytes;
  }

  /** Takes the next bytes of the stream; they are read by `next`. Ignored after a failure. */
  push(pushed: Uint8Array): void {
    if (this.failure !== undefined || pushed.length === 0) return;
    // Never a Buffer: its `subarray` is slow, and its `slice` does not copy, which would surprise who keeps a payload.
    const bytes = new Uint8Array(pushed.buffer, pushed.byteOffset, pushed.length);
    if (this.position < this.chunk.length || this.waiting.length > 0) {
      this.waiting.push(bytes);
      return;
    }
    this.chunk = bytes;
    this.position = 0;
  }

  /**
   * The next packet, or undefined when more bytes are needed. Throws MALFORMED_PACKET, PROTOCOL_ERROR or PACKET_TOO_LARGE
   * with the `reasonCode` for a DISCONNECT, or WRONG_PROTOCOL without one. After that the stream is over: each further
   * call throws the same error.
   */
  next(): Packet | undefined {
    if (this.failure !== undefined) throw this.failure;
    try {
      return this.read();
    } catch (error) {
      throw this.fail(MillraceError.from(error));
    }
  }

  /** The rejection of the PUBLISH that `next` gave last, for what its owner finds wrong with it. Before the next `next`. */
  rejection(error: MillraceError): Rejection {
    return rejectionOf(this.context, error);
  }

  private read(): Packet | undefined {
    while (this.hasBytes()) {
      const kind = this.body === undefined ? this.readHeader() : this.kind;
      if (kind === undefined) continue;
      if (this.body !== undefined) {
        const body = this.roomyBody(this.body);
        if (this.fillBody(body)) return this.decode(kind, body, 0);
      } else if (this.length <= this.chunk.length - this.position) {
        const start = this.position;
        this.position += this.length;
        return this.decode(kind, this.chunk, start);
      } else {
        this.body = new Uint8Array(Math.min(this.length, FIRST_BODY));
        this.filled = 0;
      }
    }
    return undefined;
  }

  private hasBytes(): boolean {
    if (this.position < this.chunk.length) return true;
    const next = this.waiting[this.nextWaiting];
    this.chunk = next ?? EMPTY;
    this.position = 0;
    this.nextWaiting += 1;
    if (next !== undefined) return true;
    this.waiting.length = 0;
    this.nextWaiting = 0;
    return false;
  }

  private decode({ type }: PacketKind, bytes: Uint8Array, start: number): Packet {
    const { context } = this;
    context.first = this.first;
    context.start = start;
    context.end = start + this.length;
    context.reader.reset(bytes, start, context.end);
    const packet = decodeBody(context, type);
    if (packet.type === 'connect') context.version = packet.version;
    this.kind = undefined;
    this.body = undefined;
    return packet;
  }

  /** The body with room for a byte more: memory grows with what has come, at most to twice that. */
  private roomyBody(body: Uint8Array): Uint8Array {
    if (this.filled < body.length || this.filled === this.length) return body;
    const larger = new Uint8Array(Math.min(this.length, 2 * body.length));
    larger.set(body);
    this.body = larger;
    return larger;
  }

  private fillBody(body: Uint8Array): boolean {
    const taken = Math.min(body.length - this.filled, this.chunk.length - this.position);
    body.set(this.chunk.subarray(this.position, this.position + taken), this.filled);
    this.position += taken;
    this.filled += taken;
    return this.filled === this.length;
  }

  /** Reads on in a fixed header; gives the kind of its packet when it is complete. */
  private readHeader(): PacketKind | undefined {
    if (!this.sniffed && !this.sniff()) return undefined;
    const { chunk } = this;
    let { kind } = this;
    if (kind === undefined) {
      this.first = chunk[this.position++] as number;
      kind = checkFirstByte(this.first, this.context);
      this.kind = kind;
      this.shift = 0;
      this.length = 0;
    }
    while (this.position < chunk.length) {
      const byte = chunk[this.position++] as number;
      this.length |= (byte & 0x7f) << this.shift;
      this.shift += 7;
      if (byte < 0x80) {
        this.checkLength(kind, byte);
        return kind;
      }
      if (this.shift === 28) throw malformed('the remaining length has more than four bytes');
    }
    return undefined;
  }

  private checkLength(kind: PacketKind, lastByte: number): void {
    const { length } = this;
    if (lastByte === 0 && this.shift > 7) throw malformed('the remaining length is longer than needed [MQTT-1.5.5-1]');
    const longest = this.context.version === 5 ? kind.longestBody : kind.longestBody3;
    if (length > longest) throw malformed(`${kind.type} with ${length} bytes`);
    const size = 1 + this.shift / 7 + length;
    if (size > this.maximumPacketSize) throw packetTooLarge(size, this.maximumPacketSize);
  }

  /** Looks at the first bytes of the stream for another protocol; true when they are MQTT. */
  private sniff(): boolean {
    while (this.position < this.chunk.length) {
      this.head[this.headLength++] = this.chunk[this.position++] as number;
      const foreign = foreignProtocol(this.head, this.headLength);
      if (foreign === undefined) {
        checkFirstByte(this.head[0] as number, this.context);
        this.position -= 1;
        this.sniffed = true;
        return true;
      }
      if (foreign !== 'undecided') throw wrongProtocol(foreign);
    }
    return false;
  }

  private fail(error: MillraceError): MillraceError {
    this.failure = error;
    this.chunk = EMPTY;
    this.position = 0;
    this.waiting = [];
    this.body = undefined;
    return error;
  }
}
