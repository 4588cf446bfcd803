import type { Pace, StreamTime, TimeSource } from './time-source.js';

export interface SourceWatermarkOptions {
  /** Of the stage that gives the timestamps. */
  readonly name: string;
  /** How far behind the latest an item may come without being late. */
  readonly allowedLagMs: number;
  /** Without an item for so long it is idle. */
  readonly idleTimeoutMs: number;
}

/** The event time of one source: its highest timestamp, less the lag that is allowed. */
export class SourceWatermark implements TimeSource {
  readonly name: string;
  readonly #allowedLagMs: number;
  readonly #idleTimeoutMs: number;
  #watermark = Number.NEGATIVE_INFINITY;
  #pace: Pace = 'going';
  /** Whether an item has come since the last look. */
  #isActive = true;
  /** By the clock of the machine: of the first look that found none. */
  #quietSince = Number.POSITIVE_INFINITY;

  constructor({ name, allowedLagMs, idleTimeoutMs }: SourceWatermarkOptions) {
    this.name = name;
    this.#allowedLagMs = allowedLagMs;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  get watermark(): number {
    return this.#watermark;
  }

  get pace(): Pace {
    return this.#pace;
  }

  /** An item has come. */
  observe(timestamp: number): void {
    const watermark = timestamp - this.#allowedLagMs;
    if (watermark > this.#watermark) this.#watermark = watermark;
    this.#isActive = true;
    this.#pace = 'going';
  }

  /** Looks whether it is idle. True when it has become so. */
  look(now: number): boolean {
    if (this.#isActive) {
      this.#isActive = false;
      this.#quietSince = now;
    }
    if (this.#pace !== 'going' || now < this.deadline()) return false;
    this.#pace = 'idle';
    return true;
  }

  /** When `look` may find it idle; Infinity for never, as of the last look. */
  deadline(): number {
    return this.#pace === 'going' ? this.#quietSince + this.#idleTimeoutMs : Number.POSITIVE_INFINITY;
  }

  /** Nothing will come any more. */
  end(): void {
    this.#pace = 'ended';
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
