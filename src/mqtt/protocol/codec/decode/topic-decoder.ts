import { topicNameProblem } from '../../topic.js';
import { malformed } from '../protocol-error.js';
import { decodeUtf8 } from '../utf8.js';
import type { ByteReader } from './byte-reader.js';

const FIRST_SLOTS = 1024;
/** Room for the topics of fifty thousand devices and more: at most 131072 topics, 16 MiB of bytes. */
const MOST_SLOTS = 131_072;
/** Bytes of a slot. */
const LONGEST = 128;

/**
 * Topic names from bytes. A cache of checked topics makes a repeated one cost a compare; it grows with the number of topics,
 * up to 131072 of at most 128 bytes, two for each hash. The bytes are compared, so the hash can only cost time.
 */
export class TopicDecoder {
  private slots = new Slots(FIRST_SLOTS);
  /** Topics pushed out since the cache last grew. */
  private evicted = 0;
  private readonly problemOf: (topic: string) => string | undefined;

  /** `problemOf`: why a text is no topic for this reader; undefined when it is one. */
  constructor(problemOf: (topic: string) => string | undefined = topicNameProblem) {
    this.problemOf = problemOf;
  }

  /** The topic at `start` up to `end` in what is read; malformed unless it is a valid topic name [MQTT-3.3.2-1, 3.3.2-2]. */
  decode({ bytes, view }: Pick<ByteReader, 'bytes' | 'view'>, start: number, end: number): string {
    if (end - start > LONGEST) return this.checked(bytes, start, end);
    const { slots } = this;
    const hash = hashOf(view, start, end);
    const at = hash & (slots.count - 1);
    if (slots.has(at, hash, view, start, end)) return slots.topics[at] as string;
    const other = at ^ 1;
    if (slots.has(other, hash, view, start, end)) return slots.topics[other] as string;
    const topic = this.checked(bytes, start, end);
    this.remember(topic, hash, bytes.subarray(start, end));
    return topic;
  }

  private checked(bytes: Uint8Array, start: number, end: number): string {
    const topic = decodeUtf8(bytes, start, end);
    const problem = this.problemOf(topic);
    if (problem !== undefined) throw malformed(`publish: ${problem}`);
    return topic;
  }

  private remember(topic: string, hash: number, bytes: Uint8Array): void {
    if (this.evicted >= this.slots.count >> 2 && this.slots.count < MOST_SLOTS) {
      this.slots = this.slots.twice();
      this.evicted = 0;
    }
    if (this.slots.insert(topic, hash, bytes)) this.evicted += 1;
  }
}

/** Topics with their bytes, one after the other in one buffer: there may be many, and to take one in makes no object. */
class Slots {
  /** A power of two. */
  readonly count: number;
  readonly topics: (string | undefined)[];
  private readonly hashes: Int32Array;
  private readonly lengths: Uint8Array;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(count: number) {
    this.count = count;
    this.topics = new Array<string | undefined>(count).fill(undefined);
    this.hashes = new Int32Array(count);
    this.lengths = new Uint8Array(count);
    this.bytes = new Uint8Array(count * LONGEST);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Whether the slot has what is read from `start` up to `end`. */
  has(slot: number, hash: number, view: DataView, start: number, end: number): boolean {
    if (this.hashes[slot] !== hash || this.lengths[slot] !== end - start || this.topics[slot] === undefined)
      return false;
    const known = this.view;
    let at = slot * LONGEST;
    let index = start;
    // four bytes at a time
    for (; index + 4 <= end; index += 4, at += 4) if (known.getInt32(at) !== view.getInt32(index)) return false;
    for (; index < end; index += 1, at += 1) if (known.getUint8(at) !== view.getUint8(index)) return false;
    return true;
  }

  /** In the place of the one of its two slots that was taken first. Whether that had one. */
  insert(topic: string, hash: number, bytes: Uint8Array): boolean {
    const at = hash & (this.count - 1);
    const other = at ^ 1;
    const evicts = this.topics[at] !== undefined && this.topics[other] !== undefined;
    if (this.topics[at] !== undefined) this.move(at, other);
    this.topics[at] = topic;
    this.hashes[at] = hash;
    this.lengths[at] = bytes.length;
    this.bytes.set(bytes, at * LONGEST);
    return evicts;
  }

  private move(from: number, to: number): void {
    this.topics[to] = this.topics[from];
    this.hashes[to] = this.hashes[from] as number;
    this.lengths[to] = this.lengths[from] as number;
    this.bytes.copyWithin(to * LONGEST, from * LONGEST, (from + 1) * LONGEST);
  }

  /** These, with room for as many again. */
  twice(): Slots {
    const larger = new Slots(this.count * 2);
    for (let slot = 0; slot < this.count; slot += 1) {
      const topic = this.topics[slot];
      if (topic === undefined) continue;
      const from = slot * LONGEST;
      larger.insert(
        topic,
        this.hashes[slot] as number,
        this.bytes.subarray(from, from + (this.lengths[slot] as number)),
      );
    }
    return larger;
  }
}

/** FNV-1a over four bytes at a time, with its high bits folded down, since the low ones choose the slot. */
function hashOf(view: DataView, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start);
  let index = start;
  for (; index + 4 <= end; index += 4) {
    hash = Math.imul(hash ^ view.getInt32(index), 0x01000193);
    hash ^= hash >>> 13;
  }
  for (; index < end; index += 1) hash = Math.imul(hash ^ view.getUint8(index), 0x01000193);
  return hash ^ (hash >>> 15) ^ (hash >>> 24);
}
