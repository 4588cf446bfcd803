import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';
import { Readiness } from '../../internal/readiness.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { ConnectionListener, GrantedSubscription } from '../connection/connection.js';
import type {
  ConnectedEvent,
  MessageAgainEvent,
  MessageEvent,
  SessionEvent,
} from '../protocol/session/session-event.js';
import type { Acknowledger } from './acknowledgement/acknowledger.js';
import { type BufferLimits, MessageBuffer } from './buffer/message-buffer.js';
import { TopicMatcher } from './buffer/topic-matcher.js';
import { MessageTeller } from './message-teller.js';
import type { SourceLine } from './source-line.js';
import type { SourceMetrics } from './source-metrics.js';

/** What an intake is made of. */
export interface IntakeOptions {
  /** Of the source, for events. */
  readonly name: string;
  /** What is wanted now: a kept session may still have messages of other filters, which are acknowledged and left out. */
  readonly filters: readonly string[];
  /** At which the tap is closed, or QoS 0 gives way. */
  readonly limits: BufferLimits;
  /** Without it a lost connection is the end of the source. */
  readonly autoReconnect: boolean;
  readonly metrics: SourceMetrics;
}

/**
 * What the connection tells a source, up to the buffer from which the reader polls.
 *
 * A cut (`onDisconnected` … `onConnected`) and the messages of an acknowledging source:
 * - QoS 2: tokens live on, a message taken once is not delivered again; nothing to do.
 * - QoS 1, unpolled: held. Session present: the broker sends them all again, so the held copies go and order stays, for the
 *   broker re-sends everything unacknowledged in its order before anything new. Session gone: the held copies are the only
 *   ones and are given out.
 * - QoS 1, polled and not committed: delivered again. Their late acceptance does nothing; that is QoS 1.
 */
export class MessageIntake implements ConnectionListener {
  readonly buffer: MessageBuffer;
  /** Told of by the reader, too. */
  readonly teller: MessageTeller;
  readonly #options: IntakeOptions;
  readonly #matcher: TopicMatcher;
  readonly #readiness = new Readiness();
  readonly #dirtiness = new Readiness();
  readonly #lost = deferred<MillraceError>();
  readonly #owing = deferred<void>();
  #line: SourceLine | undefined;
  #acks: Acknowledger | undefined;
  /** As in `Acknowledger`. */
  #owes = false;
  /** Since `ready` last resolved the first PUBREL came that waits for a commit, or the last that is to come. */
  #news = false;
  #failure: MillraceError | undefined;
  #reading = true;
  #dropping = false;
  /** Before the first subscription is granted it is the opening that fails, after as many attempts as it takes. */
  #opened = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#matcher = new TopicMatcher(options.filters);
    this.buffer = new MessageBuffer(options.limits);
    this.teller = new MessageTeller(options.name);
  }

  /** Before the connection is opened. */
  attach(line: SourceLine, acks: Acknowledger): void {
    this.#line = line;
    this.#acks = acks;
    this.#owes = acks.owes;
  }

  get failure(): MillraceError | undefined {
    return this.#failure;
  }

  /** Resolves when the connection has failed for good; what fails while polling is told by the next poll. */
  get lost(): Promise<MillraceError> {
    return this.#lost.promise;
  }

  /** Resolves when the broker has sent something that it wants acknowledged by the reader. */
  get owing(): Promise<void> {
    return this.#owing.promise;
  }

  /** Resolves when there is something to poll, and once for what is new to commit; rejects when the source has failed. */
  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const news = this.#takeNews();
    return this.buffer.count > 0 || news ? Promise.resolve() : this.#readiness.wait();
  }

  /** Resolves when there is something to commit besides positions; where there is already, when no more of that is to come for now. */
  whenDirty(): Promise<void> {
    return this.#dirty && !this.#awaitsReleases ? Promise.resolve() : this.#dirtiness.wait();
  }

  /** The first failure stays. */
  fail(error: MillraceError): void {
    this.#failure ??= error;
    this.#readiness.fail(this.#failure);
  }

  /** Ends a wait without a message. */
  wake(): void {
    this.#readiness.notify();
  }

  /** After polling: reading goes on when there is room again. */
  polled(): void {
    if (!this.buffer.drained) return;
    this.#dropping = false;
    this.#setReading(true);
  }

  onSessionEvents(events: readonly SessionEvent[]): void {
    const wasDirty = this.#dirty;
    let others = false;
    let messages = 0;
    let bytes = 0;
    for (const event of events) {
      if (event.type === 'message') {
        messages += 1;
        bytes += event.payload.byteLength;
        // R23: how long it is held here counts
        if (event.properties?.messageExpiryInterval !== undefined) event.receivedAtMs = Date.now();
        this.#take(event);
      } else if (event.type === 'release') this.#release(event.token);
      else if (event.type === 'session-suspect') this.#suspect(event.packetId);
      else if (event.type === 'message-again') this.#again(event);
      others ||= event.type !== 'message';
    }
    // those between the first and the last of a burst wake nobody: the commit waits for all of them
    const isNews = others && this.#dirty && !(wasDirty && this.#awaitsReleases);
    if (isNews) {
      this.#news = true;
      this.#dirtiness.notify();
    }
    this.#options.metrics.messages.add(messages);
    this.#options.metrics.bytes.add(bytes);
    this.#reportDrops();
    if (this.buffer.full) this.#setReading(false);
    this.#notify();
  }

  onConnected(event: ConnectedEvent, verified: boolean): void {
    if (event.sessionPresent && verified) this.#options.metrics.superseded.add(this.buffer.discardHeld());
    else this.buffer.releaseHeld();
    if (this.buffer.full) this.#setReading(false);
    this.#notify();
  }

  onSubscribed(granted: readonly GrantedSubscription[]): void {
    this.#opened = true;
    if (!this.#owes) return;
    const useless = granted.find(({ requested, granted: qos }) => requested > 0 && qos === 0);
    if (useless !== undefined) this.lose(grantedTooLow(useless));
  }

  onDisconnected(error: MillraceError): void {
    if (this.#opened && !this.#options.autoReconnect) this.lose(error);
    if (this.#owes) this.buffer.holdQos1();
    this.#options.metrics.latency.forget();
    // on this connection no PUBREL comes any more
    if (this.#dirty) this.#dirtiness.notify();
    this.#setReading(true);
  }

  onSessionLost(): void {
    // `onConnected` follows and says the same: the held copies are the only ones.
  }

  onFailed(error: MillraceError): void {
    this.lose(error);
  }

  onDrain(): void {
    // A source writes only acknowledgements, which the window bounds.
  }

  /** The connection has failed. */
  lose(error: MillraceError): void {
    this.fail(error);
    this.#lost.resolve(error);
  }

  #take(event: MessageEvent): void {
    const { metrics } = this.#options;
    if (event.dup) metrics.redelivered.add();
    // what is rejected may have no topic to match: it is for onError in any case (R22)
    const wanted = event.rejection !== undefined || this.#matcher.matches(event.topic);
    if (event.rejection !== undefined || event.leftOut !== undefined) this.#tellDefect(event);
    if (event.qos > 0 && !(this.#owes && wanted)) this.#line?.session.accept(event.token);
    if (!wanted) {
      this.#unmatched(event.topic);
      return;
    }
    this.buffer.push(event);
    metrics.latency.received(event);
    this.teller.received(event);
    if (!this.#opened && event.qos > 0 && this.#owes) this.#owing.resolve();
  }

  #release(token: number): void {
    this.#acks?.released(token);
    if (!this.#opened && this.#acks?.dirty === true) this.#owing.resolve();
  }

  #tellDefect({ topic, qos, rejection, leftOut }: MessageEvent): void {
    const { name: source, metrics } = this.#options;
    if (rejection !== undefined) {
      metrics.malformed.add();
      publishDiagnostic('message-malformed', { source, topic, qos, error: rejection.error.toJSON() });
    }
    if (leftOut === undefined) return;
    metrics.propertiesDropped.add();
    publishDiagnostic('properties-dropped', { source, topic, properties: leftOut });
  }

  #unmatched(topic: string): void {
    this.#options.metrics.unmatched.add();
    publishDiagnostic('message-unmatched', { source: this.#options.name, topic });
  }

  #suspect(packetId: number): void {
    this.#options.metrics.sessionsSuspect.add();
    publishDiagnostic('session-suspect', { source: this.#options.name, packetId });
    this.#acks?.suspected();
  }

  #again({ packetId, topic }: MessageAgainEvent): void {
    this.#options.metrics.again.add();
    publishDiagnostic('message-again', { source: this.#options.name, topic, packetId });
  }

  #notify(): void {
    if (this.buffer.count === 0 && !(this.#news && this.#dirty)) return;
    if (this.#readiness.awaited) this.#news = false;
    this.#readiness.notify();
  }

  #takeNews(): boolean {
    const news = this.#news && this.#dirty;
    this.#news = false;
    return news;
  }

  get #dirty(): boolean {
    return this.#acks?.dirty === true;
  }

  /** PUBRELs are to come. */
  get #awaitsReleases(): boolean {
    return (this.#line?.session.releasesOwed ?? 0) > 0;
  }

  /** One event for a burst: it begins with a drop and ends when half the buffer is free again. */
  #reportDrops(): void {
    const dropped = this.buffer.takeDropped();
    if (dropped === 0) return;
    this.#options.metrics.dropped.add(dropped);
    this.#options.metrics.latency.forget();
    if (this.#dropping) return;
    this.#dropping = true;
    publishDiagnostic('messages-dropped', { source: this.#options.name, policy: this.#options.limits.qos0Overflow });
  }

  #setReading(reading: boolean): void {
    if (this.#reading === reading) return;
    this.#reading = reading;
    this.#line?.setReading(reading);
  }
}

const grantedTooLow = ({ filter, requested }: GrantedSubscription): MillraceError =>
  new MillraceError(
    'GRANTED_QOS_TOO_LOW',
    `the broker grants "${filter}" at QoS 0 only; QoS ${requested} was asked for`,
    {
      advice: "At-least-once needs QoS 1: use a broker that grants it, or processingGuarantee 'none'",
      details: { filter, requested, granted: 0 },
    },
  );
