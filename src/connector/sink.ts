import type { MillraceError } from '../errors/millrace-error.js';
import type { DeadLetter } from './dead-letter.js';
import type { DurableSinkWriter, RestoreOutbox } from './durable-sink.js';
import type { OnError } from './on-error.js';
import type { ProcessingGuarantee } from './processing-guarantee.js';
import type { OpenContext } from './source.js';

/** An item that the sink gives up. It counts as delivered from the `progress` call that reports it. */
export interface RejectedItem {
  /** Its number in the order of `write`, from 0. */
  readonly index: number;
  readonly letter: DeadLetter;
}

export interface SinkProgress {
  /** How many items, in the order of `write`, are delivered without a gap. Never falls. */
  readonly delivered: number;
  /** Given up since the last call, each once: taken, and not among those that counted as delivered before. */
  readonly rejected: readonly RejectedItem[];
}

/**
 * A sink as the engine drives it in a job without a store. What of the rules can be checked for each batch is checked: a breach is
 * CONTRACT_BROKEN, and fails the job. The rules:
 * 1. `write` takes as many items as it has room for, from the front, and returns how many; it never waits. It throws once the sink has failed.
 * 2. Every tick ends with `flush`: what was taken goes out.
 * 3. `progress` reports; an item is delivered when the destination has confirmed it (MQTT: PUBACK, PUBCOMP; QoS 0: written).
 * 4. `ready` resolves when there is room again after a `write` that took less than all, or when there is progress to report;
 *    it rejects when the sink has failed. A promise is asked for again only after the last one has settled.
 * 5. Order: items with the same destination (MQTT: topic) leave in the order of `write`.
 * 6. `close` does not wait for delivery: the engine drains first. It may be called at any time, twice too.
 */
export interface SinkWriter<in T> {
  write(items: readonly T[]): number;
  flush(): void;
  progress(): SinkProgress;
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** A sink as plain data: nothing is opened before `createWriter`. */
export interface SinkDefinition<in T> {
  readonly name: string;
  /** As in SourceDefinition. */
  readonly claims: readonly string[];
  refuse(guarantee: ProcessingGuarantee): MillraceError | undefined;
  readonly onError: OnError;
  /** Resolves when items can be delivered (an MQTT sink: when all its clients are connected). */
  createWriter(context: OpenContext): Promise<SinkWriter<T>>;
  /**
   * The same for a job with a store; it may resolve before items can be delivered, when the writer's `opened` tells that. A sink without
   * it is driven by `createWriter` behind an outbox of the engine's making: it gets its items after their commit, at least once.
   */
  createDurableWriter?(context: OpenContext, restore: RestoreOutbox): Promise<DurableSinkWriter<T>>;
}
