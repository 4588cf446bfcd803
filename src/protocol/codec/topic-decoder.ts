import { topicNameProblem } from '../topic.js';
import { malformed } from './refusal.js';
import { decodeUtf8 } from './utf8.js';

const SLOTS = 1024;
const LONGEST = 256;

interface Slot {
  readonly bytes: Uint8Array;
  readonly topic: string;
}

/**
 * Topic names from bytes. A direct-mapped cache of checked topics makes a repeated one cost a compare; it holds at most
 * 1024 topics of at most 256 bytes. The bytes are compared, so the hash can only cost time.
 */
export class TopicDecoder {
  private readonly slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS).fill(undefined);

  /** The topic in `bytes[start, end)`; malformed unless it is a valid topic name [MQTT-3.3.2-1, 3.3.2-2]. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    if (end - start > LONGEST) return checkedTopic(bytes, start, end);
    let hash = end - start;
    for (let index = start; index < end; index += 1) hash = Math.imul(hash, 31) + (bytes[index] as number);
    const at = (hash ^ (hash >>> 10)) & (SLOTS - 1);
    const slot = this.slots[at];
    if (slot !== undefined && isSame(slot.bytes, bytes, start, end)) return slot.topic;
    const topic = checkedTopic(bytes, start, end);
    this.slots[at] = { bytes: bytes.slice(start, end), topic };
    return topic;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index += 1) if (known[index] !== bytes[start + index]) return false;
  return true;
}

function checkedTopic(bytes: Uint8Array, start: number, end: number): string {
  const topic = decodeUtf8(bytes, start, end);
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw malformed(`publish: ${problem}`);
  return topic;
}
