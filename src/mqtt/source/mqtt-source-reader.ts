import type { OnError } from '../../connector/sink.js';
import type { Polled, SourceReader, SourceSnapshot } from '../../connector/source-reader.js';
import type { MillraceError } from '../../errors/millrace-error.js';
import { hasDiagnosticSubscribers, publishDiagnostic } from '../../metrics/diagnostics.js';
import { heldBytes } from '../protocol/held-bytes.js';
import type { MessageEvent } from '../protocol/session/session-event.js';
import type { Acknowledger } from './acknowledgement/acknowledger.js';
import type { ItemMaker } from './items/item-maker.js';
import { PollBatch } from './items/poll-batch.js';
import { deadLetterOf } from './items/rejected-message.js';
import type { MessageIntake } from './message-intake.js';
import type { SourceLine } from './source-line.js';
import type { SourceMetrics } from './source-metrics.js';

/** What a reader is made of: the intake is attached, and the line open. */
export interface ReaderOptions<T> {
  /** For events. */
  readonly name: string;
  /** What its letters say: the name of the source, which is the same in all partitions. */
  readonly origin: string;
  /** Called at the poll, not as a message comes. */
  readonly maker: ItemMaker<T>;
  /** `fail`: the first failure ends the source. Else it is a rejected input, which has a position of its own. */
  readonly onError: OnError;
  /** Polled here, and told of what the items fail on. */
  readonly intake: MessageIntake;
  /** Flushed after acknowledgements, and closed at last. */
  readonly line: SourceLine;
  /** What `committed` lets out. */
  readonly acks: Acknowledger;
  /** Asks here for what waits and what is not acknowledged. */
  readonly metrics: SourceMetrics;
}

/**
 * Reads an MQTT session as numbered items. A position is given to a message when it is polled, so that positions have no
 * gaps: each is an item or a rejected input. They count from 0 in each reader: what one goes on with is in the state, not in a
 * position. What is owed to the broker is acknowledged by `committed` and not before (`Acknowledger`).
 */
export class MqttSourceReader<T> implements SourceReader<T> {
  /** The connection has failed; what `mapToItemFn` fails on is told by `poll`, after the items before it. */
  readonly failed: Promise<MillraceError>;
  readonly #options: ReaderOptions<T>;
  readonly #intake: MessageIntake;
  readonly #acks: Acknowledger;
  #next = 0;
  #closed: Promise<void> | undefined;

  constructor(options: ReaderOptions<T>) {
    this.#options = options;
    this.#intake = options.intake;
    this.#acks = options.acks;
    this.failed = options.intake.lost;
    const { bufferedMessages, bufferedBytes, unacknowledged } = options.metrics;
    bufferedMessages.collect(() => this.#intake.buffer.count + this.#intake.buffer.heldCount);
    bufferedBytes.collect(() => this.#intake.buffer.bytes);
    unacknowledged.collect(() => this.#acks.count);
  }

  poll(max: number): Polled<T> {
    const batch = new PollBatch<T>(this.#next, this.#options.maker.keyed);
    if (this.#closed !== undefined) return batch.polled(true);
    this.#throwFailure();
    for (let taken = 0; taken < max; taken += 1) {
      const event = this.#intake.buffer.shift();
      if (event === undefined || !this.#consume(event, batch)) break;
    }
    this.#intake.polled();
    const polled = batch.polled(false);
    this.#next = polled.last + 1;
    // A failure in the middle is thrown by the next poll: the items before it are good.
    if (polled.last < polled.first) this.#throwFailure();
    return polled;
  }

  ready(): Promise<void> {
    return this.#closed === undefined ? this.#intake.ready() : Promise.resolve();
  }

  whenDirty(): Promise<void> {
    return this.#intake.whenDirty();
  }

  get dirty(): boolean {
    return this.#acks.dirty;
  }

  get awaited(): number {
    return this.#options.line.session.releasesOwed;
  }

  snapshot(upTo: number): SourceSnapshot {
    const snapshot = this.#acks.snapshot(upTo);
    this.#options.metrics.latency.covered(upTo, snapshot.mark);
    this.#intake.teller.covered(upTo, snapshot.mark);
    return snapshot;
  }

  committed(mark: number): void {
    if (this.#closed !== undefined) return;
    const { line, name, metrics } = this.#options;
    metrics.latency.committed(mark);
    this.#intake.teller.committed(mark);
    const count = this.#acks.committed(mark);
    if (count === 0) return;
    line.flush();
    if (hasDiagnosticSubscribers('acknowledge')) publishDiagnostic('acknowledge', { source: name, mark, count });
  }

  close(): Promise<void> {
    this.#closed ??= this.#options.line.close();
    this.#intake.wake();
    return this.#closed;
  }

  /** False when the source has failed on this message, which then stays unacknowledged. */
  #consume(event: MessageEvent, batch: PollBatch<T>): boolean {
    const { onError, origin, metrics, maker } = this.#options;
    const position = batch.next;
    metrics.latency.polled(event, position);
    this.#intake.teller.polled(event, position);
    const failure = maker.make(event, batch);
    if (failure !== undefined) {
      metrics.rejected.add();
      if (onError === 'fail' || failure.fatal) {
        this.#intake.fail(failure.error);
        return false;
      }
      batch.reject(deadLetterOf(event, failure.error, origin), heldBytes(event));
    }
    if (event.qos > 0) this.#acks.taken(position, event.token);
    return true;
  }

  #throwFailure(): void {
    if (this.#intake.failure !== undefined) throw this.#intake.failure;
  }
}
