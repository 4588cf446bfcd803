import { MillraceError } from '../../../../errors/index.js';
import { checkTopicName } from '../../topic.js';
import { encodeUtf8 } from '../utf8.js';

/** Of one generation: room for the topics of ten thousand devices and more. */
const MAX_TOPICS = 16_384;
const MAX_BYTES = 1_048_576;
const LONGEST = 256;

/**
 * Topic names to their bytes with the length in front. Checked topics are remembered in two generations of at most 16384
 * topics and 1 MiB each: when the young one is full the old one is forgotten, so topics in use stay.
 */
export class TopicEncoder {
  private young = new Map<string, Uint8Array>();
  private old = new Map<string, Uint8Array>();
  private bytes = 0;

  /** Throws INVALID_TOPIC. The result must not be changed. */
  encode(topic: string): Uint8Array {
    return this.young.get(topic) ?? this.remember(topic, this.old.get(topic) ?? encodeTopic(topic));
  }

  private remember(topic: string, encoded: Uint8Array): Uint8Array {
    if (encoded.length > LONGEST) return encoded;
    if (this.young.size >= MAX_TOPICS || this.bytes + encoded.length > MAX_BYTES) {
      this.old = this.young;
      this.young = new Map();
      this.bytes = 0;
    }
    this.young.set(topic, encoded);
    this.bytes += encoded.length;
    return encoded;
  }
}

function encodeTopic(topic: string): Uint8Array {
  if (typeof topic !== 'string') throw new MillraceError('INVALID_TOPIC', 'A topic must be a string');
  checkTopicName(topic);
  const buffer = new Uint8Array(2 + 3 * topic.length);
  const end = encodeUtf8(topic, buffer, 2);
  buffer[0] = (end - 2) >>> 8;
  buffer[1] = (end - 2) & 0xff;
  return buffer.slice(0, end);
}
