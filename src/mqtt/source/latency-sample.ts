import type { Histogram } from '../../metrics/metrics.js';
import type { MessageEvent } from '../protocol/session/session-event.js';

/** One message on its way: what is known of it grows. */
interface Sample {
  readonly event: MessageEvent;
  readonly receivedMs: number;
  /** Set when it is polled. */
  position: number | undefined;
  /** That of the first snapshot which covers it. */
  mark: number | undefined;
}

/**
 * How long a message takes from the socket until it is acknowledged, of one message at a time: another costs a comparison. It goes through
 * `received`, `polled`, `covered`, `committed`; one that may never be polled is forgotten.
 */
export class LatencySample {
  readonly #histogram: Histogram;
  #sample: Sample | undefined;

  /** Seconds are observed. */
  constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  received(event: MessageEvent): void {
    if (this.#sample !== undefined) return;
    this.#sample = { event, receivedMs: performance.now(), position: undefined, mark: undefined };
  }

  polled(event: MessageEvent, position: number): void {
    if (this.#sample?.event === event) this.#sample.position = position;
  }

  /** A snapshot up to this position has this mark. */
  covered(upTo: number, mark: number): void {
    const sample = this.#sample;
    if (sample?.position !== undefined && sample.position <= upTo) sample.mark ??= mark;
  }

  committed(mark: number): void {
    const sample = this.#sample;
    if (sample?.mark === undefined || sample.mark > mark) return;
    this.#histogram.observe((performance.now() - sample.receivedMs) / 1000);
    this.#sample = undefined;
  }

  /** Messages were dropped, or their fate is not known. */
  forget(): void {
    this.#sample = undefined;
  }
}
