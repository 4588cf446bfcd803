import { MillraceError } from '../../errors/millrace-error.js';
import type { Downstream } from '../../pipeline/compile/pipeline-plan.js';
import type { Custody } from '../tick/custody.js';
import type { SourceLane } from '../tick/lanes/source-lane.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { Portions } from '../tick/portions.js';
import type { Room } from '../tick/room.js';
import { NOTHING_STORED, type StoredMessages } from '../tick/stored-messages.js';
import type { UnitGate } from '../tick/unit-gate.js';
import { DIRECT_PORTIONS } from './portions.js';

export interface DirectCustodyOptions {
  /** Their sources are answered. */
  readonly lanes: TickLanes;
  /** Halted when a source fails at that. */
  readonly gate: UnitGate;
  /** The guarantee `none`: inputs are acknowledged when they are taken. */
  readonly onReceipt: boolean;
}

const UNBOUNDED: Room = { items: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/**
 * The custody of a job without a store: the brokers answer for an input until all that it led to is delivered, for it is not acknowledged
 * before. So what is taken is bounded by what may be in flight, and nothing waits for a commit.
 */
export class DirectCustody implements Custody {
  /** Every source is answered in the tick itself. */
  readonly settled = true;
  readonly covered = true;
  readonly holding = false;
  readonly #options: DirectCustodyOptions;

  constructor(options: DirectCustodyOptions) {
    this.#options = options;
  }

  /** What may be in flight is the only bound: it is counted by the lanes. */
  room(): Room {
    return UNBOUNDED;
  }

  budget({ options: { downstream } }: SourceLane): number {
    return this.#options.lanes.outputRoom(downstream);
  }

  dueRoom(downstream: Downstream): number {
    return this.#options.lanes.outputRoom(downstream);
  }

  midwayRoom(downstream: Downstream): number {
    return this.#options.lanes.outputRoom(downstream);
  }

  portions(): Portions {
    return DIRECT_PORTIONS;
  }

  /** For each source that has something new: up to where it may acknowledge. */
  conclude(): undefined {
    const { lanes, gate, onReceipt } = this.#options;
    try {
      const marks = lanes.sources.flatMap((lane) => lane.takeMark(onReceipt) ?? []);
      for (const { lane, mark } of marks) lane.options.reader.committed(mark);
    } catch (error) {
      gate.halt(MillraceError.from(error));
    }
  }

  /** Never called: `conclude` gives no commit. */
  handleCommitted(): void {}

  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Nothing waits for a commit. */
  whenDirty(): undefined {}

  /** Whether all that was written before is delivered. */
  get over(): boolean {
    return this.#options.lanes.quiet;
  }

  get stored(): StoredMessages {
    return NOTHING_STORED;
  }
}
