import { MillraceError } from '../../../../errors/index.js';
import { checkTopicName } from '../../topic.js';
import { decodeUtf8, encodeUtf8 } from '../utf8.js';

/** Of one generation: room for the topics of ten thousand devices and more. */
const MAX_TOPICS = 16_384;
const MAX_BYTES = 1_048_576;
const LONGEST = 256;
/** Of the length in front. */
const LENGTH_BYTES = 2;

/** A checked topic name. */
export interface KnownTopic {
  /** A text of its own: the one that was given may be a piece of a long one, all of which it would keep in memory. */
  readonly name: string;
  /** With the length in front. They must not be changed. */
  readonly bytes: Uint8Array;
}

/**
 * Topic names to their bytes with the length in front. Checked topics are remembered in two generations of at most 16384
 * topics and 1 MiB each: when the young one is full the old one is forgotten, so topics in use stay.
 */
export class TopicEncoder {
  private young = new Map<string, KnownTopic>();
  private old = new Map<string, KnownTopic>();
  private bytes = 0;

  /** Throws INVALID_TOPIC. The result must not be changed. */
  encode(topic: string): Uint8Array {
    return this.known(topic).bytes;
  }

  /** Throws INVALID_TOPIC. */
  known(topic: string): KnownTopic {
    return this.young.get(topic) ?? this.remember(this.old.get(topic) ?? knownTopic(topic));
  }

  private remember(known: KnownTopic): KnownTopic {
    const { name, bytes } = known;
    if (bytes.length > LONGEST) return known;
    if (this.young.size >= MAX_TOPICS || this.bytes + bytes.length > MAX_BYTES) {
      this.old = this.young;
      this.young = new Map();
      this.bytes = 0;
    }
    this.young.set(name, known);
    this.bytes += bytes.length;
    return known;
  }
}

function knownTopic(topic: string): KnownTopic {
  const bytes = encodeTopic(topic);
  return { name: decodeUtf8(bytes, LENGTH_BYTES, bytes.length), bytes };
}

function encodeTopic(topic: string): Uint8Array {
  if (typeof topic !== 'string') throw new MillraceError('INVALID_TOPIC', 'A topic must be a string');
  checkTopicName(topic);
  const buffer = new Uint8Array(LENGTH_BYTES + 3 * topic.length);
  const end = encodeUtf8(topic, buffer, LENGTH_BYTES);
  buffer[0] = (end - LENGTH_BYTES) >>> 8;
  buffer[1] = (end - LENGTH_BYTES) & 0xff;
  return buffer.slice(0, end);
}
