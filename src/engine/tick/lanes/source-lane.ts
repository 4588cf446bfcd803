import type { Polled, SourceReader, SourceSnapshot } from '../../../connector/source-reader.js';
import { Ring } from '../../../internal/ring.js';
import type { Fragment } from '../../../pipeline/compile/fragment/fragment.js';
import type { Downstream } from '../../../pipeline/compile/pipeline-plan.js';
import { type InputTimes, NO_TIMES } from '../../../pipeline/compile/steps/input-times.js';
import type { SourceWatermark } from '../../../pipeline/time/source-watermark.js';
import type { JobTallies } from '../job-tallies.js';
import { createFrame, type Frame } from './frame.js';
import type { RejectionPolicy } from './rejection-policy.js';

/** A frame whose items are not all processed yet. */
export interface Processing {
  /** Is held by its own processing. */
  readonly frame: Frame;
  /** Of the frame, copies left out. */
  readonly items: readonly unknown[];
  /** When they were polled. */
  readonly times: InputTimes;
  /** Index of the first input that is not done. */
  next: number;
  /** Input `next` has led to a part of its outputs. */
  paused: boolean;
}

/** What a source has in a commit: its position and what its reader keeps. */
export interface SourceCommit extends SourceSnapshot {
  /** Of which source. */
  readonly lane: SourceLane;
  /** The position that it covers; -1 for none. */
  readonly upTo: number;
  /** Items that are complete with it. */
  readonly items: number;
}

/** What a source may be told is durable, or done with. */
export interface SourceMark {
  /** Of which source. */
  readonly lane: SourceLane;
  /** For `SourceReader.committed`. */
  readonly mark: number;
}

export interface SourceLaneOptions {
  /** Of the source, in the job: its position is stored by it. */
  readonly name: string;
  /** What events and errors call it. */
  readonly called: string;
  /** Polled, and answered, for this lane alone. */
  readonly reader: SourceReader<unknown>;
  /** The stages up to the first sink or mapAsync stage. */
  readonly fragment: Fragment;
  /** Give its items a time. */
  readonly watermarks: readonly SourceWatermark[];
  /** What back-pressure looks at behind it. */
  readonly downstream: Downstream;
  /** Where its rejected inputs go. */
  readonly rejection: RejectionPolicy;
  /** Count what comes in and is through. */
  readonly tallies: JobTallies;
  /** Tells whether an item with this key is none that was taken before. Set where the source gives keys. */
  readonly isNew?: (key: string, timestampMs: number) => boolean;
}

/**
 * One source of a running job. It owns the frames that are not complete, oldest first, and the position up to which
 * everything is done.
 */
export class SourceLane {
  readonly options: SourceLaneOptions;
  /** False after a poll that gave nothing: then `ready` must be asked. */
  mayHaveItems = true;
  processing: Processing | undefined;
  readonly #frames = new Ring<Frame>();
  #inFlightItems = 0;
  #inFlightBytes = 0;
  /** Items that are complete since the last mark or commit. */
  #completeItems = 0;
  /** Bytes of an input in the newest frame, on average. */
  #usualBytes = 1;
  #done = false;
  /** The watermark: every input up to here is complete. Undefined before the first poll. */
  #completeUpTo: number | undefined;
  #polledUpTo: number | undefined;
  #markedUpTo: number | undefined;
  /** Whether the source may have taken something, since the last mark, that only a commit lets it answer. */
  #touched = false;

  constructor(options: SourceLaneOptions) {
    this.options = options;
  }

  get inFlightItems(): number {
    return this.#inFlightItems;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Whether nothing will ever be polled again because the source has ended. */
  get done(): boolean {
    return this.#done;
  }

  /** Whether nothing is known to come any more. */
  get ended(): boolean {
    return this.#done || this.options.reader.atEnd === true;
  }

  /** Whether a poll may give what can only be committed as a whole: letters of rejected inputs, keys. */
  get mayBeWhole(): boolean {
    return this.options.isNew !== undefined || this.options.rejection.kind !== 'fail';
  }

  /** Whether every input is complete. */
  get idle(): boolean {
    return this.#frames.size === 0 && this.processing === undefined;
  }

  /** `ready` has resolved. */
  handleReady(): void {
    this.mayHaveItems = true;
    this.#touched = true;
  }

  /** Polls at most `max` items, fewer when items of the usual size would not fit `maxBytes`. Undefined when nothing arrived. */
  poll(max: number, maxBytes: number): { readonly polled: Polled<unknown>; readonly frame: Frame } | undefined {
    const fitting = Math.max(1, Math.floor(maxBytes / this.#usualBytes));
    const polled = this.options.reader.poll(Math.min(max, fitting));
    this.#touched = true;
    this.#done = polled.done;
    if (this.#completeUpTo === undefined) {
      this.#completeUpTo = polled.first - 1;
      this.#polledUpTo = polled.first - 1;
      this.#markedUpTo = polled.first - 1;
    }
    if (polled.last < polled.first) {
      this.mayHaveItems = false;
      return undefined;
    }
    return { polled, frame: this.#track(polled) };
  }

  /**
   * What the source may acknowledge: up to the watermark, or with the guarantee `none` all that was polled. Undefined when
   * there is nothing new to say.
   */
  takeMark(onReceipt: boolean): SourceMark | undefined {
    this.completeFrames();
    this.#countComplete();
    if (this.#completeUpTo === undefined) return undefined;
    const upTo = onReceipt ? (this.#polledUpTo ?? this.#completeUpTo) : this.#completeUpTo;
    if (!this.#touched && upTo === this.#markedUpTo) return undefined;
    this.#touched = false;
    this.#markedUpTo = upTo;
    return { lane: this, mark: this.options.reader.snapshot(upTo).mark };
  }

  /** Whether the next commit has something of this source. */
  get committable(): boolean {
    return this.#coveredUpTo() !== this.#markedUpTo || this.options.reader.dirty === true;
  }

  /** Whether it gives nothing more for now, and has what only a commit answers: a broker may wait for that before it sends more. */
  get waitsForCommit(): boolean {
    return !this.mayHaveItems && !this.ended && this.committable;
  }

  /** What belongs into a commit: every input up to the position has been processed, in part of a frame too. */
  takeCommit(): SourceCommit | undefined {
    if (!this.committable) return undefined;
    this.completeFrames();
    const covered = this.#coveredUpTo();
    const upTo = covered ?? -1;
    const items = this.#completeItems;
    this.#markedUpTo = covered;
    this.#completeItems = 0;
    return { lane: this, upTo, items, ...this.options.reader.snapshot(upTo) };
  }

  /** A commit of this lane is durable. */
  handleCommitted({ mark, items }: SourceCommit): void {
    this.options.tallies.acknowledged.add(items);
    this.options.reader.committed(mark);
  }

  /**
   * An item of the frame under way failed the job: the frame ends in front of it, so that a restarted job begins with that
   * item. Where its position is unknown the whole frame stays held.
   */
  cutShort(): void {
    if (this.processing === undefined) return;
    const { frame, next } = this.processing;
    const position = frame.positionOf(next);
    if (position === undefined) return;
    this.#inFlightItems -= frame.itemCount - next;
    frame.itemCount = next;
    frame.last = position - 1;
    frame.holds -= 1;
  }

  #track(polled: Polled<unknown>): Frame {
    const items = this.#withoutCopies(polled);
    const frame = createFrame(this.options.called, { ...polled, items });
    this.#polledUpTo = polled.last;
    this.#frames.push(frame);
    this.#inFlightItems += frame.itemCount;
    this.#inFlightBytes += frame.bytes;
    this.options.tallies.received.add(frame.itemCount);
    this.#usualBytes = Math.max(1, frame.bytes / (polled.last - polled.first + 1));
    const times = { ...NO_TIMES, polledAtMs: polled.timestampMs };
    this.processing = { frame, items, times, next: 0, paused: false };
    return frame;
  }

  #withoutCopies({ items, keys, timestampMs }: Polled<unknown>): readonly unknown[] {
    const { isNew, tallies } = this.options;
    if (keys === undefined || isNew === undefined) return items;
    const fresh = items.filter((_, index) => {
      const key = keys[index];
      return key === undefined || isNew(key, timestampMs);
    });
    tallies.deduplicated.add(items.length - fresh.length);
    tallies.withoutKey.add(keys.filter((key) => key === undefined).length);
    return fresh;
  }

  /** Moves the watermark over the complete frames at the head of the queue, which are in flight no longer. */
  completeFrames(): void {
    for (let frame = this.#frames.peek(); frame !== undefined && frame.holds === 0; frame = this.#frames.peek()) {
      this.#frames.shift();
      this.#completeUpTo = frame.last;
      this.#inFlightItems -= frame.itemCount;
      this.#inFlightBytes -= frame.bytes;
      this.#completeItems += frame.itemCount;
    }
  }

  #countComplete(): void {
    this.options.tallies.acknowledged.add(this.#completeItems);
    this.#completeItems = 0;
  }

  /** In a durable job nothing but its own processing holds a frame. Undefined before the first poll. */
  #coveredUpTo(): number | undefined {
    if (this.processing === undefined) return this.#polledUpTo;
    const { frame, next } = this.processing;
    const position = frame.whole ? undefined : frame.positionOf(next);
    return position === undefined ? this.#completeUpTo : position - 1;
  }
}
