import { MillraceError } from '../../errors/millrace-error.js';
import { isCount } from '../../internal/is-count.js';
import { Ring } from '../../internal/ring.js';
import type { AsyncStagePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { ItemTime } from '../../pipeline/time/pending-times.js';
import type { StoreView } from '../../store/store.js';
import { nameKey, namePrefix } from '../layout/keys/named-keys.js';
import { AFTER_NUMBERS, numberKey } from '../layout/keys/number-key.js';
import type { Overlay } from '../layout/overlay.js';
import { type CallChunk, type CallPart, decodeCallChunk, encodeCallChunk } from '../layout/values/call-chunk.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import { decodeVersioned, type Encoding, encodeVersioned } from '../layout/values/versioned-record.js';
import type { CommitPart } from '../tick/commit-part.js';
import type { CallLane } from '../tick/lanes/call-lane.js';
import { CallQueue } from '../tick/lanes/call-queue.js';
import type { Frame } from '../tick/lanes/frame.js';
import type { GivenItems } from '../tick/lanes/given-items.js';
import type { Slot } from '../tick/lanes/slot.js';

/** A chunk in the store is closed when it has so many bytes. */
const CHUNK_BYTES = 256 * 1024;

/** Items that were handed over together, in the order of their numbers. */
interface Part {
  /** Number of the first item. */
  readonly first: number;
  readonly count: number;
  /** As stored. */
  readonly bytes: number;
  /** Not that of the source: its holds are the items whose results have not been passed on. */
  readonly frame: Frame;
}

/** A part that the store does not have. */
interface AddedPart {
  readonly part: Part;
  readonly encoded: readonly Uint8Array[];
  readonly times: readonly ItemTime[];
}

/**
 * One mapAsync stage of a durable job. It is used like a `CallQueue`, but its items do not hold their inputs: those whose result has
 * not been passed on are operator state, stored in the commit that has their inputs' position.
 *
 * A1. An item is stored by the commit that covers its input, and removed by the commit that has the outputs of its result: the call may
 *     be made again after a crash, its effect is once.
 * A2. Results are passed on in the order of the items, before and after a restart. So the stored items are a suffix: chunks, and the
 *     number of the first item that is not done.
 */
export class DurableCallLane implements CallLane, CommitPart {
  readonly plan: AsyncStagePlan;
  /** Makes the calls, of new items and of stored ones alike. */
  readonly #calls: CallQueue;
  readonly #encoding: Encoding;
  /** Of the number of the first item that is not done. */
  readonly #key: string;
  /** Of the chunks. */
  readonly #prefix: string;
  /** All that are not passed on in full, stored or not, in the order of their numbers. */
  readonly #parts = new Ring<Part>();
  /** Handed over since the last seal: their bytes go into the next commit. */
  #added: AddedPart[] = [];
  /** Of `#added`: what the next commit gets by this stage. */
  #addedBytes = 0;
  /** Of `#parts`. They are in no frame any more, so back-pressure asks for them here. */
  #heldBytes = 0;
  /** Those in the store, or on their way there; `end` is one above the last number in it. */
  readonly #chunks = new Ring<{ readonly key: string; readonly end: number }>();
  /** Number of the next item to come. */
  #end: number;
  /** As the store has it, or will have it with the commit under way. */
  #sealedHead: number;
  /** How many parts were added, and which item was to come, at `begin`. */
  #saved = { added: 0, end: 0 };

  /**
   * Takes up what the store has. @throws MillraceError JOB_CHANGED, STATE_NOT_STORABLE, USER_FUNCTION_FAILED when the codec cannot
   * read its items; INVALID_OPTIONS for the stage's name
   */
  constructor(plan: AsyncStagePlan, view: StoreView) {
    this.plan = plan;
    this.#calls = new CallQueue(plan.maxConcurrency);
    this.#encoding = { codec: plan.codec, owner: `an item of stage "${plan.name}"` };
    this.#key = nameKey('async', plan.name);
    this.#prefix = namePrefix('async', plan.name);
    // before `#restore`, which leaves out what is below it in the first chunk
    this.#sealedHead = readHead(view.get(this.#key));
    this.#end = this.#sealedHead;
    this.#restore(view);
  }

  /** Items that no call was started for yet. */
  get waiting(): number {
    return this.#calls.waiting;
  }

  /** Of the parts that are not all passed on. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Items whose results have not been passed on. */
  get pending(): number {
    return this.#end - this.#head();
  }

  /** Whether every result has been passed on. */
  get idle(): boolean {
    return this.#head() === this.#end;
  }

  /** Also when results alone were passed on: the number of the first that is not done is stored. */
  get changed(): boolean {
    return this.#added.length > 0 || this.#head() !== this.#sealedHead;
  }

  /** Of items. Removals count nothing. */
  get changedBytes(): number {
    return this.#addedBytes;
  }

  /** The items are encoded at once: a call may change them. @throws MillraceError STATE_NOT_STORABLE, USER_FUNCTION_FAILED */
  enqueue(given: GivenItems): void {
    const encoded = given.items.map((item) => encodeVersioned(this.#encoding, item));
    const part = this.#track(given, bytesOf(encoded));
    this.#added.push({ part, encoded, times: given.times });
    this.#addedBytes += part.bytes;
  }

  takeCall(): Slot | undefined {
    return this.#calls.takeCall();
  }

  /** Settled calls in order; they count as passed on when the machine lowers the holds of their frame. */
  takeSettled(): readonly Slot[] {
    return this.#calls.takeSettled();
  }

  /** What is handed over from here on can be dropped by `undo`. */
  begin(): void {
    this.#saved = { added: this.#added.length, end: this.#end };
  }

  /** No call was started for what was handed over since `begin`, and none may be: the run ends. */
  undo(): void {
    for (const { part } of this.#added.splice(this.#saved.added)) {
      this.#addedBytes -= part.bytes;
      this.#heldBytes -= part.bytes;
    }
    this.#end = this.#saved.end;
  }

  /** In the commit of the inputs and outputs that it belongs to (A1): the head, chunks that are done, and what is new. */
  sealInto(overlay: Overlay): void {
    const head = this.#head();
    if (head !== this.#sealedHead) overlay.put(this.#key, encodeStored(head));
    this.#sealedHead = head;
    for (let chunk = this.#chunks.peek(); chunk !== undefined && chunk.end <= head; chunk = this.#chunks.peek()) {
      overlay.remove(chunk.key);
      this.#chunks.shift();
    }
    // a part that was passed on before it was ever sealed is never stored
    for (const parts of inChunks(this.#added.filter(({ part }) => part.first + part.count > head))) {
      this.#storeChunk(overlay, parts);
    }
    this.#added = [];
    this.#addedBytes = 0;
  }

  /** The overlay has had the bytes since the seal. */
  committed(): void {}

  /** Number of the first item whose result was not passed on. */
  #head(): number {
    for (let part = this.#parts.peek(); part !== undefined; part = this.#parts.peek()) {
      // results are passed on in order (A2), so what is still held are the last items of the part
      if (part.frame.holds > 0) return part.first + part.count - part.frame.holds;
      this.#heldBytes -= part.bytes;
      this.#parts.shift();
    }
    return this.#end;
  }

  #track(given: GivenItems, bytes: number): Part {
    // the frame of the source is left free: its position may be committed while the call is pending (A1)
    const own: Frame = { ...given.frame, holds: 0 };
    const count = given.items.length;
    const part: Part = { first: this.#end, count, bytes, frame: own };
    this.#end += count;
    this.#heldBytes += bytes;
    this.#parts.push(part);
    this.#calls.push({ ...given, frame: own });
    return part;
  }

  /** Never changed once it is stored: what is done of it is told by the head. */
  #storeChunk(overlay: Overlay, added: readonly AddedPart[]): void {
    const oldest = added[0]?.part;
    const newest = added.at(-1)?.part;
    if (oldest === undefined || newest === undefined) return;
    const chunk: CallChunk = {
      first: oldest.first,
      parts: added.map(({ part, encoded, times }) => ({
        source: part.frame.source,
        last: part.frame.last,
        ...(part.frame.timers && { ofTimers: true }),
        items: encoded,
        ...(times.length > 0 && { times }),
      })),
    };
    const key = `${this.#prefix}${numberKey(oldest.first)}`;
    overlay.put(key, encodeCallChunk(chunk));
    this.#chunks.push({ key, end: newest.first + newest.count });
  }

  /** In the order of their numbers: so the calls are made again in it, and results go on in it (A2). */
  #restore(view: StoreView): void {
    for (const { key, value } of view.range(this.#prefix, this.#prefix + AFTER_NUMBERS)) {
      const { first, parts } = decodeCallChunk(value);
      let next = first;
      for (const part of parts) {
        const { items, times = [] } = part;
        const done = Math.max(0, this.#sealedHead - next);
        next += items.length;
        this.#take(items.slice(done), this.#timesOf(items, times).slice(done), restoredFrame(part));
      }
      this.#chunks.push({ key, end: next });
    }
  }

  #take(encoded: readonly Uint8Array[], times: readonly ItemTime[], frame: Frame): void {
    if (encoded.length === 0) return;
    const items = encoded.map((bytes) => decodeVersioned(this.#encoding, bytes));
    for (const time of times) this.plan.pending?.restore(time);
    this.#track({ items, origins: items.map(() => 0), times, frame }, bytesOf(encoded));
  }

  /** @throws MillraceError JOB_CHANGED for items of an earlier pipeline, in which they had none */
  #timesOf(items: readonly unknown[], times: readonly ItemTime[]): readonly ItemTime[] {
    if (this.plan.pending === undefined) return [];
    if (times.length < items.length) throw timeless(this.plan.name);
    return times;
  }
}

const bytesOf = (encoded: readonly Uint8Array[]): number =>
  encoded.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Positions are those of the run that took the input: errors say up to where it had read. Which timer it was is not known any more. */
const restoredFrame = ({ source, last, ofTimers }: CallPart): Frame => ({
  source,
  last,
  itemCount: 0,
  bytes: 0,
  holds: 0,
  whole: false,
  ...(ofTimers && { timers: [] }),
  positionOf: () => undefined,
});

/** Parts in order, in groups of about the size of a chunk. */
const inChunks = (added: readonly AddedPart[]): readonly (readonly AddedPart[])[] => {
  const chunks: AddedPart[][] = [];
  let bytes = CHUNK_BYTES;
  for (const one of added) {
    if (bytes >= CHUNK_BYTES) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(one);
    bytes += one.part.bytes;
  }
  return chunks;
};

const timeless = (stage: string): MillraceError =>
  new MillraceError(
    'JOB_CHANGED',
    `stage "${stage}" has stored calls of items without a timestamp, which it needs now`,
    {
      advice:
        'Run the former pipeline, without timestamps, until it has no pending calls; or start this one under another name.',
      details: { stage },
    },
  );

const readHead = (bytes: Uint8Array | undefined): number => {
  const head = bytes === undefined ? 0 : decodeStored(bytes);
  if (isCount(head)) return head;
  throw new MillraceError(
    'STORE_CORRUPT',
    'the position of the pending calls is not one that this version has written',
  );
};
