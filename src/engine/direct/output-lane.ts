import { present } from '../../internal/present.js';
import { Ring } from '../../internal/ring.js';
import { hasDiagnosticSubscribers, runDiagnostic } from '../../metrics/diagnostics.js';
import type { AnySinkWriter } from '../../pipeline/any-sink.js';
import type { JobTallies } from '../tick/job-tallies.js';
import { type Frame, handOverOf } from '../tick/lanes/frame.js';
import type { OnRejected, OutputLane } from '../tick/lanes/output-lane.js';
import type { RejectionPolicy } from '../tick/lanes/rejection-policy.js';

/** At most so many items are offered to a sink at once, so that one which takes few costs no large copies. */
const OFFER = 1024;

const OWNER = 'an output that passed the door of its sink as given up is held by a frame';

/** What one run of a fragment has led to. */
interface Pending {
  readonly items: readonly unknown[];
  /** Undefined: the letter of a row that was stored. */
  readonly frame: Frame | undefined;
}

/** The frame owns the outputs up to number `end` (exclusive) that stand behind those of the hold before. */
interface Hold {
  readonly frame: Frame | undefined;
  end: number;
}

/**
 * One sink of a job without a store. It owns the outputs that the sink has not taken yet, and the record of which frame each output
 * belongs to: a queue of (output number, frame), one entry for each frame and not for each item.
 */
export class DirectOutputLane implements OutputLane {
  readonly name: string;
  readonly rejection: RejectionPolicy;
  readonly #writer: AnySinkWriter;
  readonly #tallies: JobTallies;
  /** As the stages gave them: an array for each run of a fragment, never joined. */
  readonly #pending = new Ring<Pending>();
  /** In the order of the outputs: the first is the one that the next delivery lowers. */
  readonly #holds = new Ring<Hold>();
  /** How many items of the oldest pending array the sink has taken. */
  #offset = 0;
  /** Outputs are numbered from 0 in the order in which they came here. */
  #enqueued = 0;
  /** By the sink, of those that came here. */
  #taken = 0;
  /** By the last `progress`; what is told lowers holds once. */
  #delivered = 0;

  constructor(options: { name: string; writer: AnySinkWriter; rejection: RejectionPolicy; tallies: JobTallies }) {
    this.name = options.name;
    this.#writer = options.writer;
    this.rejection = options.rejection;
    this.#tallies = options.tallies;
  }

  get waiting(): number {
    return this.#enqueued - this.#taken;
  }

  /** What waits is counted against the bounds of the whole machine. */
  get room(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Outputs that wait here are not delivered either. */
  get quiet(): boolean {
    return this.#enqueued === this.#delivered;
  }

  /** The frame is held until the outputs are delivered. */
  enqueue(items: readonly unknown[], frame: Frame | undefined): void {
    this.#pending.push({ items, frame });
    this.#enqueued += items.length;
    const newest = this.#holds.peekLast();
    // one hold for all outputs of a frame that come in a row: the cost is by the poll and not by the item
    if (newest !== undefined && newest.frame === frame) {
      newest.end = this.#enqueued;
      return;
    }
    if (frame !== undefined) frame.holds += 1;
    this.#holds.push({ frame, end: this.#enqueued });
  }

  write(): void {
    for (let pending = this.#pending.peek(); pending !== undefined; pending = this.#pending.peek()) {
      const { items: chunk, frame } = pending;
      // mostly all of an array is offered: then it need not be copied
      const whole = this.#offset === 0 && chunk.length <= OFFER;
      const offered = whole ? chunk : chunk.slice(this.#offset, this.#offset + OFFER);
      const taken = this.#offer(offered, frame);
      this.#offset += taken;
      this.#taken += taken;
      this.#tallies.written.add(taken);
      // it has no room: it says by `ready` when it has
      if (taken < offered.length) return;
      if (this.#offset === chunk.length) {
        this.#pending.shift();
        this.#offset = 0;
      }
    }
  }

  #offer(items: readonly unknown[], frame: Frame | undefined): number {
    const writer = this.#writer;
    if (frame === undefined || frame.timers !== undefined || !hasDiagnosticSubscribers('hand-over'))
      return writer.write(items);
    return runDiagnostic('hand-over', handOverOf(this.name, frame), () => writer.write(items));
  }

  flush(): void {
    this.#writer.flush();
  }

  ready(): Promise<void> {
    return this.#writer.ready();
  }

  /**
   * A rejected item's frame is told before its hold is released, so that a dead letter holds
   * the frame in its place.
   */
  takeProgress(onRejected: OnRejected): void {
    const { delivered, rejected } = this.#writer.progress();
    for (const { index, letter } of rejected) {
      const owner = present(
        this.#holds.find(({ end }) => end > index),
        OWNER,
      );
      onRejected(letter, owner.frame);
    }
    this.#tallies.delivered.add(delivered - this.#delivered);
    this.#delivered = delivered;
    for (let hold = this.#holds.peek(); hold !== undefined && hold.end <= delivered; hold = this.#holds.peek()) {
      if (hold.frame !== undefined) hold.frame.holds -= 1;
      this.#holds.shift();
    }
  }
}
