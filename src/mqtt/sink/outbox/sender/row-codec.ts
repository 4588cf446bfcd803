import { corruptState } from '../../../../errors/corrupt-state.js';
import { copyBytes } from '../../../../internal/copy-bytes.js';
import { ByteReader } from '../../../protocol/codec/decode/byte-reader.js';
import { readProperties } from '../../../protocol/codec/decode/property-reader.js';
import { TopicDecoder } from '../../../protocol/codec/decode/topic-decoder.js';
import { ByteWriter, checkInteger } from '../../../protocol/codec/encode/byte-writer.js';
import { hasProperties, writeProperties } from '../../../protocol/codec/encode/property-writer.js';
import { TopicEncoder } from '../../../protocol/codec/encode/topic-encoder.js';
import type { Properties } from '../../../protocol/properties.js';
import type { QualityOfService } from '../../../protocol/quality-of-service.js';
import { receivedTopicProblem } from '../../../protocol/topic.js';
import { Row, type RowContent } from '../../message/row.js';

/** Raised when the bytes mean something else. A row without a time is written as version 1 wrote all rows. */
const VERSION = 1;
/** With the time at which the message expires. */
const TIMED_VERSION = 2;

/** Rows are made next to each other in slabs of this size: memory of its own costs more than all else of a small one. */
const SLAB_BYTES = 16_384;
/** A row that is larger has memory of its own. */
const LARGEST_SHARED = SLAB_BYTES / 8;

/** Version and flags. */
const HEAD_BYTES = 2;
const TIME_BYTES = 8;

const QOS = 0b0011;
const RETAIN = 0b0100;
const PROPERTIES = 0b1000;

const PLACE = { carrier: 'publish', from: 'client' } as const;
/** As `encode` takes topics. */
const TERMS = { maxProperties: Number.POSITIVE_INFINITY, leftOut: undefined, topicProblem: receivedTopicProblem };

/**
 * A message as it stands in an outbox: version (1 byte), flags (1 byte: QoS, retain, whether there are properties), in version 2 the
 * wall-clock time at which it expires (milliseconds since 1970, 4 bytes of the multiples of 2^32 and 4 of the rest), the topic with its
 * length, the properties as 5.0 has them on the wire, the payload. What the row of a store is worth is for the store's checksum to say;
 * this coding refuses bytes that it cannot have made.
 */
export class RowCodec {
  readonly #writer = new ByteWriter();
  readonly #reader = new ByteReader();
  /** Never written to behind a row that is there: rows must not change. */
  #slab = new Uint8Array(0);
  #slabUsed = 0;
  /** Throws for what `decode` would take for damage: that must not be stored. */
  readonly #encoded = new TopicEncoder();
  /** As tolerant as `encode`: a topic that came with control characters goes on (`checkTopicName`). */
  readonly #topics = new TopicDecoder(receivedTopicProblem);

  /** A copy: the payload may be changed afterwards. @throws MillraceError INVALID_MESSAGE or INVALID_TOPIC */
  encode({ topic, payload, qos, retain, properties, expiresAtMs }: RowContent): Uint8Array {
    const name = this.#encoded.encode(topic);
    const listed = hasProperties(properties) ? this.#encodeProperties(properties) : undefined;
    const nameAt = HEAD_BYTES + (expiresAtMs === undefined ? 0 : TIME_BYTES);
    const listAt = nameAt + name.length;
    const payloadAt = listAt + (listed?.length ?? 0);
    const bytes = this.#take(payloadAt + payload.length);
    bytes[0] = expiresAtMs === undefined ? VERSION : TIMED_VERSION;
    bytes[1] = qos | (retain ? RETAIN : 0) | (listed === undefined ? 0 : PROPERTIES);
    if (expiresAtMs !== undefined) writeTime(bytes, expiresAtMs);
    copyBytes(name, name.length, bytes, nameAt);
    if (listed !== undefined) copyBytes(listed, listed.length, bytes, listAt);
    copyBytes(payload, payload.length, bytes, payloadAt);
    return bytes;
  }

  /**
   * What `decode` would make of a row that `encode` has just made of this content: for its sender, who gives it an index. Only of the plain
   * ones: properties belong to whoever made the message, and to copy them costs as much as to read them.
   */
  hold({ topic, payload, qos, retain, properties, expiresAtMs }: RowContent, bytes: Uint8Array): Row | undefined {
    if (properties !== undefined || expiresAtMs !== undefined) return undefined;
    const at = bytes.byteOffset + bytes.byteLength - payload.length;
    const copy = new Uint8Array(bytes.buffer, at, payload.length);
    // and no piece of a long text, which a row that waits for its broker would keep in memory
    const { name } = this.#encoded.known(topic);
    return new Row(-1, { topic: name, payload: copy, qos, retain, properties: undefined });
  }

  /** The payload is a view of the bytes. @throws MillraceError STORE_CORRUPT for bytes that `encode` cannot have made */
  decode(bytes: Uint8Array): RowContent {
    try {
      return this.#decode(bytes);
    } catch (cause) {
      throw corruptState('a row of an MQTT outbox is not one that this version has written', cause);
    }
  }

  #take(size: number): Uint8Array {
    if (size > LARGEST_SHARED) return new Uint8Array(size);
    if (this.#slabUsed + size > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const start = this.#slabUsed;
    this.#slabUsed += size;
    return new Uint8Array(this.#slab.buffer, start, size);
  }

  /** Valid until the next call. */
  #encodeProperties(properties: Properties): Uint8Array {
    this.#writer.reset();
    writeProperties(this.#writer, properties, PLACE);
    return this.#writer.view();
  }

  #decode(bytes: Uint8Array): RowContent {
    const reader = this.#reader;
    reader.reset(bytes, 0, bytes.length);
    const version = reader.u8();
    const flags = reader.u8();
    const qos = flags & QOS;
    const timed = version === TIMED_VERSION;
    if ((version !== VERSION && !timed) || flags > 0b1111 || !isQos(qos))
      throw new Error(`version ${version}, flags ${flags}`);
    const expiresAtMs = timed ? readTime(reader) : undefined;
    const length = reader.u16();
    const start = reader.skip(length);
    const topic = this.#topics.decode(reader, start, start + length);
    // none behind the flag: of a message with an empty list of them, as versions before 0.2 stored it
    const withProperties = (flags & PROPERTIES) !== 0;
    const properties = withProperties ? readProperties(reader, PLACE.carrier, PLACE.from, TERMS) : undefined;
    const payload = bytes.subarray(reader.position);
    return { topic, payload, qos, retain: (flags & RETAIN) !== 0, properties, ...(timed && { expiresAtMs }) };
  }
}

/** In two halves: 32 bits of milliseconds are not even two months. */
const writeTime = (bytes: Uint8Array, ms: number): void => {
  const whole = Math.max(0, Math.floor(ms));
  const high = Math.floor(whole / 2 ** 32);
  checkInteger(high, 0xffff_ffff, 'time');
  const view = new DataView(bytes.buffer, bytes.byteOffset + HEAD_BYTES, TIME_BYTES);
  view.setUint32(0, high);
  view.setUint32(4, whole % 2 ** 32);
};

const readTime = (reader: ByteReader): number => {
  const high = reader.u32();
  return high * 2 ** 32 + reader.u32();
};

const isQos = (value: number): value is QualityOfService => value <= 2;
