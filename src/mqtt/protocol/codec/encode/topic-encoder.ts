import { MillraceError } from '../../../../errors/index.js';
import { checkTopicName } from '../../topic.js';
import { decodeUtf8, encodeUtf8 } from '../utf8.js';

/** Of one generation: room for the topics of thirty thousand devices and more. */
const MAX_TOPICS = 65_536;
const MAX_BYTES = 4_194_304;
const LONGEST = 256;
/** Of the length in front. */
const LENGTH_BYTES = 2;
const SLAB_BYTES = 16_384;

/** A checked topic name. */
export interface KnownTopic {
  /** A text of its own: the one that was given may be a piece of a long one, all of which it would keep in memory. */
  readonly name: string;
  /** With the length in front. They must not be changed. */
  readonly bytes: Uint8Array;
}

/**
 * Topic names to their bytes with the length in front. Checked topics are remembered in two generations of at most 65536
 * topics and 4 MiB each: when the young one is full the old one is forgotten, so topics in use stay. Those of a generation share buffers, since one
 * for each would be most of what a topic costs.
 */
export class TopicEncoder {
  private young = new Map<string, KnownTopic>();
  private old = new Map<string, KnownTopic>();
  private bytes = 0;
  private slab = new Uint8Array(0);
  private slabUsed = 0;

  /** Throws INVALID_TOPIC. The result must not be changed. */
  encode(topic: string): Uint8Array {
    return this.known(topic).bytes;
  }

  /** Throws INVALID_TOPIC. */
  known(topic: string): KnownTopic {
    const young = this.young.get(topic);
    if (young !== undefined) return young;
    if (this.young.size >= MAX_TOPICS || this.bytes >= MAX_BYTES) this.beginGeneration();
    const old = this.old.get(topic);
    if (old !== undefined) return this.remember({ name: old.name, bytes: this.copyOf(old.bytes) });
    return this.make(topic);
  }

  private beginGeneration(): void {
    this.old = this.young;
    this.young = new Map();
    this.bytes = 0;
    // one that reached over generations would stay for a single topic of the first
    this.slab = new Uint8Array(0);
    this.slabUsed = 0;
  }

  private remember(known: KnownTopic): KnownTopic {
    this.young.set(known.name, known);
    this.bytes += known.bytes.length;
    return known;
  }

  private make(topic: string): KnownTopic {
    if (typeof topic !== 'string') throw new MillraceError('INVALID_TOPIC', 'A topic must be a string');
    checkTopicName(topic);
    const most = LENGTH_BYTES + 3 * topic.length;
    if (topic.length > LONGEST) return knownTopic(topic, new Uint8Array(most), 0);
    this.reserve(most);
    const known = knownTopic(topic, this.slab, this.slabUsed);
    const { length } = known.bytes;
    // it is not remembered, and has no part of what others share: they would keep that, too
    if (length > LONGEST) return { name: known.name, bytes: known.bytes.slice() };
    this.slabUsed += length;
    return this.remember(known);
  }

  private copyOf(bytes: Uint8Array): Uint8Array {
    this.reserve(bytes.length);
    const { slab, slabUsed: start } = this;
    slab.set(bytes, start);
    this.slabUsed += bytes.length;
    return slab.subarray(start, this.slabUsed);
  }

  private reserve(bytes: number): void {
    if (bytes <= this.slab.length - this.slabUsed) return;
    this.slab = new Uint8Array(SLAB_BYTES);
    this.slabUsed = 0;
  }
}

/** Written to `bytes` from `start` on. */
function knownTopic(topic: string, bytes: Uint8Array, start: number): KnownTopic {
  const nameAt = start + LENGTH_BYTES;
  const end = encodeUtf8(topic, bytes, nameAt);
  bytes[start] = (end - nameAt) >>> 8;
  bytes[start + 1] = (end - nameAt) & 0xff;
  return { name: decodeUtf8(bytes, nameAt, end), bytes: bytes.subarray(start, end) };
}
