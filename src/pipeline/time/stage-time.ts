import type { Pace, TimeSource } from './time-source.js';

/**
 * The event time at a stage that goes by it: that of the stream which comes to it.
 *
 * ST1. It never goes back, and is stored by the name of the stage: what was late there stays late, and what was told there is over, also where
 *      the stream comes from a source of another name by then, which begins anew.
 */
export class StageTime implements TimeSource {
  readonly #stream: TimeSource;
  #watermark = Number.NEGATIVE_INFINITY;

  constructor(stream: TimeSource) {
    this.#stream = stream;
  }

  get watermark(): number {
    const { watermark } = this.#stream;
    if (watermark > this.#watermark) this.#watermark = watermark;
    return this.#watermark;
  }

  get pace(): Pace {
    return this.#stream.pace;
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
