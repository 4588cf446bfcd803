import type { DeadLetter } from './dead-letter.js';

/** An item that the sink gives up. It counts as delivered from the `progress` call that reports it. */
export interface RejectedItem {
  /** Its number in the order of `write`, from 0. */
  readonly index: number;
  /** Goes where `onError` says. */
  readonly letter: DeadLetter;
}

/** What became of items that a sink has taken. */
export interface SinkProgress {
  /** How many items, in the order of `write`, are delivered without a gap. Never falls. */
  readonly delivered: number;
  /** Given up since the last call, each once: taken, and not among those that counted as delivered before. */
  readonly rejected: readonly RejectedItem[];
}

/**
 * A sink as the engine drives it in a job without a store. What of the rules can be checked for each batch is checked: a breach is
 * CONTRACT_BROKEN, and fails the job. The rules:
 * 1. `write` takes as many items as it has room for, from the front, and returns how many; it never waits. It throws once the sink has
 *     failed.
 * 2. Every tick ends with `flush`: what was taken goes out.
 * 3. `progress` reports; an item is delivered when the destination has confirmed it (MQTT: PUBACK, PUBCOMP; QoS 0: written).
 * 4. `ready` resolves when there is room again after a `write` that took less than all, or when there is progress to report;
 *    it rejects when the sink has failed. A promise is asked for again only after the last one has settled.
 * 5. Order: items with the same destination (MQTT: topic) leave in the order of `write`.
 * 6. `close` does not wait for delivery: the engine drains first. It may be called at any time, twice too.
 */
export interface SinkWriter<in T> {
  /** Gives how many items it has taken, from the front. */
  write(items: readonly T[]): number;
  /** Lets out what was taken. */
  flush(): void;
  /** What became of the items that were taken. */
  progress(): SinkProgress;
  /** Wakes the engine: there is room, or progress. */
  ready(): Promise<void>;
  /** Ends it; what is not delivered is not acknowledged. */
  close(): Promise<void>;
}
