import { Ring } from '../../internal/ring.js';
import type { Pace, TimeSource } from './time-source.js';

/** The time of an item that waits for its call. */
export interface ItemTime {
  /** Its own. */
  readonly timestamp: number;
  /** That of the stage when the item came to it. */
  readonly watermark: number;
}

/**
 * The event time behind a mapAsync stage: that at the arrival of the oldest item that waits there; where none waits, that in front of it. So
 * an item is as late behind the stage as it was before it, however long its call takes.
 */
export class PendingTimes implements TimeSource {
  readonly #upstream: TimeSource;
  /** Of all items whose results have not been passed on, in order. */
  readonly #pending = new Ring<ItemTime>();

  constructor(upstream: TimeSource) {
    this.#upstream = upstream;
  }

  get watermark(): number {
    return this.#pending.peek()?.watermark ?? this.#upstream.watermark;
  }

  get pace(): Pace {
    return this.#pending.size > 0 ? 'going' : this.#upstream.pace;
  }

  /** An item comes to the stage. */
  arrive(timestamp: number): ItemTime {
    const time = { timestamp, watermark: this.#upstream.watermark };
    this.#pending.push(time);
    return time;
  }

  /** One that came in an earlier run. */
  restore(time: ItemTime): void {
    this.#pending.push(time);
  }

  /** The newest ones never came: their input is undone. */
  drop(count: number): void {
    for (let left = count; left > 0; left -= 1) this.#pending.pop();
  }

  /** The result of this item is passed on now: those before it are through. */
  begin(time: ItemTime): void {
    while (this.#pending.size > 0 && this.#pending.peek() !== time) this.#pending.shift();
  }

  /** This item, and those before it, are through. */
  end(time: ItemTime): void {
    this.begin(time);
    this.#pending.shift();
  }
}
