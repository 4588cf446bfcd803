import type { Pace, StreamTime, TimeSource } from './time-source.js';

/** The event time of what comes from one partition, as that tells it. */
export class SenderWatermark implements TimeSource {
  readonly name: string;
  #watermark = Number.NEGATIVE_INFINITY;
  #pace: Pace = 'going';

  constructor(name: string) {
    this.name = name;
  }

  get watermark(): number {
    return this.#watermark;
  }

  get pace(): Pace {
    return this.#pace;
  }

  /** One that was taken over tells what it had told before, too. */
  learn({ watermark, pace }: StreamTime): void {
    if (watermark > this.#watermark) this.#watermark = watermark;
    this.#pace = pace;
  }

  get state(): StreamTime {
    return { watermark: this.#watermark, pace: this.#pace };
  }

  /** It is as it was. */
  restore({ watermark, pace }: StreamTime): void {
    this.#watermark = watermark;
    this.#pace = pace;
  }
}
