import type { Pace, TimeSource } from './time-source.js';

/**
 * The event time where streams meet: the earliest of those that go on. One that is idle, or has ended, holds nobody back; where none goes
 * on it is the latest of all.
 *
 * MW1. It never goes back: what comes of a stream that was idle, and was overtaken, is late.
 */
export class MergedWatermark implements TimeSource {
  readonly #streams: readonly TimeSource[];
  #watermark = Number.NEGATIVE_INFINITY;

  constructor(streams: readonly TimeSource[]) {
    this.#streams = streams;
  }

  /** As of now; a raise that nobody has asked for in time does not count. */
  get watermark(): number {
    this.#watermark = Math.max(this.#watermark, mergedOf(this.#streams));
    return this.#watermark;
  }

  get pace(): Pace {
    let pace: Pace = 'ended';
    for (const stream of this.#streams) {
      const one = stream.pace;
      if (one === 'going') return one;
      if (one === 'idle') pace = one;
    }
    return pace;
  }

  /** As it was last asked for. */
  get state(): number {
    return this.#watermark;
  }

  /** It is as it was. */
  restore(watermark: number): void {
    this.#watermark = watermark;
  }
}

const mergedOf = (streams: readonly TimeSource[]): number => {
  let earliest = Number.POSITIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;
  let goesOn = false;
  for (const { pace, watermark } of streams) {
    latest = Math.max(latest, watermark);
    if (pace !== 'going') continue;
    goesOn = true;
    earliest = Math.min(earliest, watermark);
  }
  return goesOn ? earliest : latest;
};
