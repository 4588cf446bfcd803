import type { SourceReader } from '../../connector/source-reader.js';
import type { Downstream } from '../../pipeline/compile/pipeline-plan.js';
import type { StoreBatch } from '../../store/store.js';
import type { Custody } from '../tick/custody.js';
import { isWhole } from '../tick/lanes/frame.js';
import type { SourceLane } from '../tick/lanes/source-lane.js';
import type { Portions } from '../tick/portions.js';
import type { Room } from '../tick/room.js';
import { NOTHING_STORED, type StoredMessages } from '../tick/stored-messages.js';
import { DurableTick, type DurableTickOptions } from './durable-tick.js';
import { hasStageRoom } from './outbox/stage-rows.js';
import { DurablePortions } from './portions.js';

export interface DurableCustodyOptions extends DurableTickOptions {
  /** What may wait for one commit. */
  readonly bounds: Room;
  /** How many bytes may wait in front of mapAsync stages. */
  readonly maxBytesInFlight: number;
  /** Makes a batch durable. */
  readonly commit: (batch: StoreBatch) => Promise<void>;
}

/**
 * The custody of a job with a store: the store answers for an input from the commit on that has its position, what it led to and what it
 * changed (`DurableTick`). Until then it is bounded by what one commit may have.
 */
export class DurableCustody implements Custody {
  /** Whose order of calls this class keeps. */
  readonly tick: DurableTick;
  readonly #options: DurableCustodyOptions;

  constructor(options: DurableCustodyOptions) {
    this.tick = new DurableTick(options);
    this.#options = options;
  }

  /** Carefully, states wait in the overlay. */
  room(): Room {
    const { bounds, gate, overlay } = this.#options;
    const { items, bytes } = commitRoom(bounds, this.#options);
    return { items, bytes: gate.careful ? bytes - overlay.bytes : bytes };
  }

  /** A commit covers inputs one by one only where that is possible: otherwise the frame is run as a whole. */
  budget({ processing, options: { downstream } }: SourceLane): number {
    const { lanes } = this.#options;
    if (processing === undefined) return lanes.outputRoom(downstream);
    if (processing.paused) return this.midwayRoom();
    // no bound can cut it in two; what it overshoots is checked when the commit is sealed
    if (isWhole(processing.frame, processing.next)) return Number.POSITIVE_INFINITY;
    return this.dueRoom(downstream);
  }

  dueRoom(downstream: Downstream): number {
    const { lanes, maxBytesInFlight } = this.#options;
    const { items, bytes } = this.room();
    const tooMuch = bytes <= 0 || lanes.heldBytes(downstream) >= maxBytesInFlight;
    return tooMuch ? 0 : Math.min(items, lanes.outputRoom(downstream));
  }

  /** Its rows are staged, so it has no other bound. */
  midwayRoom(): number {
    const { sinks, maxCommitBytes } = this.#options;
    return hasStageRoom(sinks, maxCommitBytes) ? Number.POSITIVE_INFINITY : 0;
  }

  /** Each with a pace of its own: what inputs of one source cost says nothing of those of another. */
  portions(): Portions {
    const { lanes, gate } = this.#options;
    return new DurablePortions({ lanes, gate, room: () => this.room() });
  }

  conclude(now: number, last: boolean, more: boolean): Promise<void> | undefined {
    const batch = this.tick.seal(now, last, more);
    return batch === undefined ? undefined : this.#options.commit(batch);
  }

  handleCommitted(now: number): void {
    this.tick.handleCommitted(now);
  }

  deadline(): number {
    return this.tick.deadline();
  }

  /** What only a commit lets the source answer must not wait until it can be polled again; nor must a commit, for answers that are there. */
  whenDirty(reader: SourceReader<unknown>): Promise<void> | undefined {
    const isAsked = reader.dirty !== true || (reader.awaited ?? 0) > 0;
    return isAsked ? reader.whenDirty?.() : undefined;
  }

  get holding(): boolean {
    return this.tick.holding;
  }

  get settled(): boolean {
    return this.tick.settled;
  }

  get covered(): boolean {
    return this.tick.covered;
  }

  /** What was spoilt is not to be stored; else what came before the failure is brought into a commit first. */
  get over(): boolean {
    const { gate } = this.#options;
    return gate.spoilt || (!gate.midUnit && this.covered);
  }

  get stored(): StoredMessages {
    return this.#options.sinks.reduce(
      (sum, { stored: { messages, bytes } }) => ({ messages: sum.messages + messages, bytes: sum.bytes + bytes }),
      NOTHING_STORED,
    );
  }
}

/** How much more may wait for the next commit: rows, and bytes of rows and of state. */
const commitRoom = (bounds: Room, { sinks, parts }: Pick<DurableTickOptions, 'sinks' | 'parts'>): Room => {
  let { items, bytes } = bounds;
  for (const { outboxes } of sinks) {
    for (const { addedRows, addedBytes } of outboxes) {
      items -= addedRows;
      bytes -= addedBytes;
    }
  }
  for (const { changedBytes } of parts) bytes -= changedBytes;
  return { items, bytes };
};
