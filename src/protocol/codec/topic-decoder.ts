import { topicNameProblem } from '../topic.js';
import { malformed } from './refusal.js';
import { decodeUtf8 } from './utf8.js';

const FIRST_SLOTS = 1024;
/** Room for the topics of ten thousand devices and more: at most 32768 topics, 4 MiB of bytes. */
const MOST_SLOTS = 32_768;
const LONGEST = 128;

interface Slot {
  readonly hash: number;
  readonly bytes: Uint8Array;
  readonly topic: string;
}

/**
 * Topic names from bytes. A cache of checked topics makes a repeated one cost a compare; it grows with the number of topics,
 * up to 32768 of at most 128 bytes, two for each hash. The bytes are compared, so the hash can only cost time.
 */
export class TopicDecoder {
  private slots = emptySlots(FIRST_SLOTS);
  /** Topics pushed out since the cache last grew. */
  private evicted = 0;

  /** The topic in `bytes[start, end)`; malformed unless it is a valid topic name [MQTT-3.3.2-1, 3.3.2-2]. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    if (end - start > LONGEST) return checkedTopic(bytes, start, end);
    const hash = hashOf(bytes, start, end);
    const at = hash & (this.slots.length - 1);
    const first = this.slots[at];
    if (first !== undefined && isSame(first.bytes, bytes, start, end)) return first.topic;
    const second = this.slots[at ^ 1];
    if (second !== undefined && isSame(second.bytes, bytes, start, end)) return second.topic;
    const topic = checkedTopic(bytes, start, end);
    this.remember({ hash, bytes: bytes.slice(start, end), topic });
    return topic;
  }

  private remember(slot: Slot): void {
    if (this.evicted >= this.slots.length >> 2 && this.slots.length < MOST_SLOTS) this.grow();
    this.insert(slot);
  }

  private insert(slot: Slot): void {
    const at = slot.hash & (this.slots.length - 1);
    const first = this.slots[at];
    if (first !== undefined) {
      if (this.slots[at ^ 1] !== undefined) this.evicted += 1;
      this.slots[at ^ 1] = first;
    }
    this.slots[at] = slot;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = emptySlots(old.length * 2);
    for (const slot of old) if (slot !== undefined) this.insert(slot);
    this.evicted = 0;
  }
}

function emptySlots(count: number): (Slot | undefined)[] {
  return new Array<Slot | undefined>(count).fill(undefined);
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index += 1) if (known[index] !== bytes[start + index]) return false;
  return true;
}

/** FNV-1a over four bytes at a time, with its high bits folded down, since the low ones choose the slot. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start);
  let index = start;
  for (; index + 4 <= end; index += 4) {
    const low = (bytes[index] as number) | ((bytes[index + 1] as number) << 8);
    const word = low | ((bytes[index + 2] as number) << 16) | ((bytes[index + 3] as number) << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 13;
  }
  for (; index < end; index += 1) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  return hash ^ (hash >>> 15) ^ (hash >>> 24);
}

function checkedTopic(bytes: Uint8Array, start: number, end: number): string {
  const topic = decodeUtf8(bytes, start, end);
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw malformed(`publish: ${problem}`);
  return topic;
}
