import { topicNameProblem } from '../topic.js';
import { malformed } from './refusal.js';
import { decodeUtf8 } from './utf8.js';

const SLOTS = 4096;
const LONGEST = 128;

interface Slot {
  readonly bytes: Uint8Array;
  readonly topic: string;
}

/**
 * Topic names from bytes. A cache of checked topics makes a repeated one cost a compare; it holds at most 4096 topics of
 * at most 128 bytes, two for each hash. The bytes are compared, so the hash can only cost time.
 */
export class TopicDecoder {
  private readonly slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS).fill(undefined);

  /** The topic in `bytes[start, end)`; malformed unless it is a valid topic name [MQTT-3.3.2-1, 3.3.2-2]. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    if (end - start > LONGEST) return checkedTopic(bytes, start, end);
    const at = slotOf(bytes, start, end);
    const first = this.slots[at];
    if (first !== undefined && isSame(first.bytes, bytes, start, end)) return first.topic;
    const second = this.slots[at ^ 1];
    if (second !== undefined && isSame(second.bytes, bytes, start, end)) return second.topic;
    const topic = checkedTopic(bytes, start, end);
    this.slots[at ^ 1] = first;
    this.slots[at] = { bytes: bytes.slice(start, end), topic };
    return topic;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index += 1) if (known[index] !== bytes[start + index]) return false;
  return true;
}

/** FNV-1a, folded to the number of slots. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index += 1) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  return (hash ^ (hash >>> 12) ^ (hash >>> 24)) & (SLOTS - 1);
}

function checkedTopic(bytes: Uint8Array, start: number, end: number): string {
  const topic = decodeUtf8(bytes, start, end);
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw malformed(`publish: ${problem}`);
  return topic;
}
