import { type Pace, type TimeSource, timeOf } from './time-source.js';

/**
 * The event time behind a stage with timers of that time: while some are due, or fire, it stands in front of the first of them. So what they
 * make, in the order of their times, is not late at the stages behind.
 *
 * TT1. It never goes back: what a timer makes that was set to a time which was past already is late.
 */
export class TimersTime implements TimeSource {
  readonly #upstream: TimeSource;
  readonly #first: () => number;
  /** The timer that fires: it is not among those that are set any more. */
  #firing = Number.POSITIVE_INFINITY;
  #watermark = Number.NEGATIVE_INFINITY;

  /** @param first when the first timer is due; Infinity where there is none */
  constructor(upstream: TimeSource, first: () => number) {
    this.#upstream = upstream;
    this.#first = first;
  }

  get watermark(): number {
    const { watermark } = this.#upstream;
    const due = this.#due;
    this.#watermark = Math.max(this.#watermark, due === undefined ? watermark : Math.min(watermark, due - 1));
    return this.#watermark;
  }

  get pace(): Pace {
    return this.#due === undefined ? this.#upstream.pace : 'going';
  }

  /** A timer fires. */
  begin(at: number): void {
    this.#firing = at;
  }

  /** What it led to has gone on. */
  end(): void {
    this.#firing = Number.POSITIVE_INFINITY;
  }

  /** As it was last asked for. */
  get state(): number {
    return this.#watermark;
  }

  /** It is as it was. */
  restore(watermark: number): void {
    this.#watermark = watermark;
  }

  get #due(): number | undefined {
    const first = Math.min(this.#firing, this.#first());
    return first <= timeOf(this.#upstream) ? first : undefined;
  }
}
