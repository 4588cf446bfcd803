import { MillraceError } from '../../errors/index.js';
import { checkTopicName } from '../topic.js';
import { encodeUtf8 } from './utf8.js';

const MAX_TOPICS = 4096;
const MAX_BYTES = 262_144;
const LONGEST = 256;

/**
 * Topic names to their bytes with the length in front. Checked topics are remembered, at most 4096 of them and 256 KiB;
 * when that is full it starts anew.
 */
export class TopicEncoder {
  private readonly known = new Map<string, Uint8Array>();
  private bytes = 0;

  /** Throws INVALID_TOPIC. The result must not be changed. */
  encode(topic: string): Uint8Array {
    return this.known.get(topic) ?? this.remember(topic);
  }

  private remember(topic: string): Uint8Array {
    const encoded = encodeTopic(topic);
    if (encoded.length > LONGEST) return encoded;
    if (this.known.size >= MAX_TOPICS || this.bytes + encoded.length > MAX_BYTES) {
      this.known.clear();
      this.bytes = 0;
    }
    this.known.set(topic, encoded);
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
