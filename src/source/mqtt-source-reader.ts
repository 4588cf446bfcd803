import type { OnError } from '../connector/on-error.js';
import type { Polled, SourceReader, SourceSnapshot } from '../connector/source.js';
import type { MillraceError } from '../errors/millrace-error.js';
import { promiseError } from '../internal/refuse-promise.js';
import { hasDiagnosticSubscribers, publishDiagnostic } from '../metrics/diagnostics.js';
import type { MessageEvent } from '../protocol/session/session-event.js';
import type { MapToItemFn } from './map-to-item.js';
import type { MessageIntake } from './message-intake.js';
import { PendingAcks } from './pending-acks.js';
import { PollBatch } from './poll-batch.js';
import { ReceivedMessage } from './received-message.js';
import { deadLetterOf, mappingError } from './rejection.js';
import type { SourceLine } from './source-line.js';
import type { SourceMetrics } from './source-metrics.js';

export interface ReaderOptions<T> {
  readonly name: string;
  readonly mapToItemFn: MapToItemFn<T>;
  readonly onError: OnError;
  /** As in the intake: then nothing is left to acknowledge here. */
  readonly acknowledgeOnReceipt: boolean;
  readonly intake: MessageIntake;
  readonly line: SourceLine;
  readonly metrics: SourceMetrics;
}

/**
 * Reads an MQTT session as numbered items. A position is given to a message when it is polled, so that positions have no
 * gaps: each is an item or a rejected input. Nothing is acknowledged before `committed` (unless it was on receipt); there is
 * no store, so a QoS 2 id is forgotten as soon as its PUBREL comes.
 */
export class MqttSourceReader<T> implements SourceReader<T> {
  /** The connection has failed; what `mapToItemFn` fails on is told by `poll`, after the items before it. */
  readonly failed: Promise<MillraceError>;
  readonly #options: ReaderOptions<T>;
  readonly #intake: MessageIntake;
  readonly #pending = new PendingAcks();
  #next = 0;
  #closed: Promise<void> | undefined;

  constructor(options: ReaderOptions<T>) {
    this.#options = options;
    this.#intake = options.intake;
    this.failed = options.intake.lost;
    const { bufferedMessages, bufferedBytes, unacknowledged } = options.metrics;
    bufferedMessages.collect(() => this.#intake.buffer.count + this.#intake.buffer.heldCount);
    bufferedBytes.collect(() => this.#intake.buffer.bytes);
    unacknowledged.collect(() => this.#pending.count);
  }

  poll(max: number): Polled<T> {
    const batch = new PollBatch<T>(this.#next);
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

  snapshot(upTo: number): SourceSnapshot {
    return { mark: upTo, state: undefined };
  }

  committed(mark: number): void {
    if (this.#closed !== undefined) return;
    const { line, name } = this.#options;
    const before = this.#pending.count;
    for (let token = this.#pending.takeUpTo(mark); token !== undefined; token = this.#pending.takeUpTo(mark)) {
      line.session.accept(token);
    }
    const count = before - this.#pending.count;
    if (count === 0) return;
    line.flush();
    if (hasDiagnosticSubscribers('acknowledge')) publishDiagnostic('acknowledge', { source: name, upTo: mark, count });
  }

  close(): Promise<void> {
    this.#closed ??= this.#options.line.close();
    this.#intake.wake();
    return this.#closed;
  }

  /** False when the source has failed on this message, which then stays unacknowledged. */
  #consume(event: MessageEvent, batch: PollBatch<T>): boolean {
    const { mapToItemFn, onError } = this.#options;
    const position = batch.next;
    try {
      const item = mapToItemFn(event.topic, new ReceivedMessage(event));
      // whatever `onError` says: an async function would have every message skipped
      if (item instanceof Promise) return this.#failAt(event, position, promiseError(item));
      batch.take(item, event.payload.byteLength);
    } catch (cause) {
      if (onError === 'fail') return this.#failAt(event, position, cause);
      this.#options.metrics.rejected.add();
      batch.reject(deadLetterOf(event, mappingError(event.topic, position, cause), this.#options.name));
    }
    if (event.qos > 0 && !this.#options.acknowledgeOnReceipt) this.#pending.push(position, event.token);
    return true;
  }

  #failAt(event: MessageEvent, position: number, cause: unknown): false {
    this.#options.metrics.rejected.add();
    this.#intake.fail(mappingError(event.topic, position, cause));
    return false;
  }

  #throwFailure(): void {
    if (this.#intake.failure !== undefined) throw this.#intake.failure;
  }
}
