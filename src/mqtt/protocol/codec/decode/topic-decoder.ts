import { topicNameProblem } from '../../topic.js';
import { malformed } from '../protocol-error.js';
import { decodeUtf8 } from '../utf8.js';
import type { ByteReader } from './byte-reader.js';

const FIRST_SLOTS = 1024;
/** Room for the topics of ten thousand devices and more: at most 32768 topics, 4 MiB of bytes. */
const MOST_SLOTS = 32_768;
const LONGEST = 128;

interface Slot {
  readonly hash: number;
  /** The bytes of the topic. */
  readonly view: DataView;
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
  private readonly problemOf: (topic: string) => string | undefined;

  /** `problemOf`: why a text is no topic for this reader; undefined when it is one. */
  constructor(problemOf: (topic: string) => string | undefined = topicNameProblem) {
    this.problemOf = problemOf;
  }

  /** The topic at `start` up to `end` in what is read; malformed unless it is a valid topic name [MQTT-3.3.2-1, 3.3.2-2]. */
  decode({ bytes, view }: Pick<ByteReader, 'bytes' | 'view'>, start: number, end: number): string {
    if (end - start > LONGEST) return this.checked(bytes, start, end);
    const hash = hashOf(view, start, end);
    const at = hash & (this.slots.length - 1);
    const first = this.slots[at];
    if (first !== undefined && isSame(first.view, view, start, end)) return first.topic;
    const second = this.slots[at ^ 1];
    if (second !== undefined && isSame(second.view, view, start, end)) return second.topic;
    const topic = this.checked(bytes, start, end);
    this.remember({ hash, view: new DataView(bytes.slice(start, end).buffer), topic });
    return topic;
  }

  private checked(bytes: Uint8Array, start: number, end: number): string {
    const topic = decodeUtf8(bytes, start, end);
    const problem = this.problemOf(topic);
    if (problem !== undefined) throw malformed(`publish: ${problem}`);
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

/** Compares four bytes at a time. */
function isSame(known: DataView, view: DataView, start: number, end: number): boolean {
  const length = end - start;
  if (known.byteLength !== length) return false;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    if (known.getInt32(index) !== view.getInt32(start + index)) return false;
  }
  for (; index < length; index += 1) if (known.getUint8(index) !== view.getUint8(start + index)) return false;
  return true;
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
