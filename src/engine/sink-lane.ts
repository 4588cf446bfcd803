import type { DeadLetter } from '../connector/dead-letter.js';
import { Fifo } from '../internal/fifo.js';
import type { AnySinkWriter } from '../pipeline/any-sink.js';
import type { Frame } from './frame.js';
import type { JobTallies } from './job-tallies.js';
import type { Rejection } from './rejection.js';

/** At most so many items are offered to a sink at once, so that one which takes few costs no large copies. */
const OFFER = 1024;

/** The frame owns the outputs up to number `end` (exclusive) that stand behind those of the hold before. */
interface Hold {
  readonly frame: Frame;
  end: number;
}

/**
 * One sink of a running job. It owns the outputs that the sink has not taken yet, and the record of which frame each output
 * belongs to: a queue of (output number, frame), one entry for each frame and not for each item.
 */
export class SinkLane {
  readonly name: string;
  readonly writer: AnySinkWriter;
  readonly rejection: Rejection;
  readonly #tallies: JobTallies;
  readonly #pending = new Fifo<readonly unknown[]>();
  readonly #holds = new Fifo<Hold>();
  /** How many items of the oldest pending array the sink has taken. */
  #offset = 0;
  #enqueued = 0;
  #taken = 0;
  #delivered = 0;

  constructor(options: { name: string; writer: AnySinkWriter; rejection: Rejection; tallies: JobTallies }) {
    this.name = options.name;
    this.writer = options.writer;
    this.rejection = options.rejection;
    this.#tallies = options.tallies;
  }

  /** Outputs that the sink has not taken yet. */
  get waiting(): number {
    return this.#enqueued - this.#taken;
  }

  /** Whether everything is delivered. */
  get quiet(): boolean {
    return this.#enqueued === this.#delivered;
  }

  /** Adds outputs of a frame, which is held until they are delivered. The array is the lane's from now on. */
  enqueue(items: readonly unknown[], frame: Frame): void {
    this.#pending.push(items);
    this.#enqueued += items.length;
    const newest = this.#holds.peekLast();
    if (newest?.frame === frame) {
      newest.end = this.#enqueued;
      return;
    }
    frame.holds += 1;
    this.#holds.push({ frame, end: this.#enqueued });
  }

  /** Hands over as much as the sink takes. Throws what the sink throws. */
  write(): void {
    for (let chunk = this.#pending.peek(); chunk !== undefined; chunk = this.#pending.peek()) {
      const whole = this.#offset === 0 && chunk.length <= OFFER;
      const offered = whole ? chunk : chunk.slice(this.#offset, this.#offset + OFFER);
      const taken = this.writer.write(offered);
      this.#offset += taken;
      this.#taken += taken;
      this.#tallies.written.add(taken);
      if (taken < offered.length) return;
      if (this.#offset === chunk.length) {
        this.#pending.shift();
        this.#offset = 0;
      }
    }
  }

  /**
   * Takes what the destination has confirmed. A rejected item's frame is told before its hold is released, so that a dead letter holds
   * the frame in its place.
   */
  takeProgress(onRejected: (letter: DeadLetter, frame: Frame) => void): void {
    const { delivered, rejected } = this.writer.progress();
    for (const { index, letter } of rejected) {
      const owner = this.#holds.find(({ end }) => end > index);
      if (owner !== undefined) onRejected(letter, owner.frame);
    }
    this.#tallies.delivered.add(delivered - this.#delivered);
    this.#delivered = delivered;
    for (let hold = this.#holds.peek(); hold !== undefined && hold.end <= delivered; hold = this.#holds.peek()) {
      hold.frame.holds -= 1;
      this.#holds.shift();
    }
  }
}
