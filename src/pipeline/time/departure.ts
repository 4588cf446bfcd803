import type { StreamTime, TimeSource } from './time-source.js';

/** An item that goes carries its watermark; where none goes, the others are told when it has come on by so much. */
const STEP_MS = 1000;

/** What the other partitions know of the time of a stream that goes to them. */
export class Departure {
  readonly #stream: TimeSource;
  #told: StreamTime = { watermark: Number.NEGATIVE_INFINITY, pace: 'going' };

  constructor(stream: TimeSource) {
    this.#stream = stream;
  }

  /** As of now. */
  get watermark(): number {
    return this.#stream.watermark;
  }

  /** What they are to be told; undefined where they know enough. A run tells it anew: what an earlier one told need not be stored. */
  take(): StreamTime | undefined {
    const { watermark, pace } = this.#stream;
    if (pace === this.#told.pace && !(watermark > this.#told.watermark + STEP_MS)) return undefined;
    this.#told = { watermark, pace };
    return this.#told;
  }
}
