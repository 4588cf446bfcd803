import type { OutboxRow, OutboxSnapshot } from '../../../src/connector/durable-sink.js';
import { RetryStrategies } from '../../../src/connector/retry/retry-strategies.js';
import type { RetryStrategy } from '../../../src/connector/retry/retry-strategy.js';
import { MillraceError } from '../../../src/errors/millrace-error.js';
import {
  beginCreating,
  markGranted,
  type SessionRecord,
} from '../../../src/mqtt/connection/identity/record/session-record.js';
import type { Properties } from '../../../src/mqtt/protocol/properties.js';
import type { QualityOfService } from '../../../src/mqtt/protocol/quality-of-service.js';
import type { OutboundMessage } from '../../../src/mqtt/protocol/session/outbound-message.js';
import type { DeliveredEvent, ReceivedEvent, RefusedEvent } from '../../../src/mqtt/protocol/session/session-event.js';
import { deadLetterOf } from '../../../src/mqtt/sink/message/dead-letter-of.js';
import type { QueueLimits } from '../../../src/mqtt/sink/options/queue-limits.js';
import { MqttOutboxSender } from '../../../src/mqtt/sink/outbox/sender/mqtt-outbox-sender.js';
import { type OutboxBirth, restoreOutbox } from '../../../src/mqtt/sink/outbox/sender/restore-outbox.js';
import { RowCodec } from '../../../src/mqtt/sink/outbox/sender/row-codec.js';
import { MemoryOutboxes } from '../store/memory-outboxes.js';
import { SILENT_METER } from './silent-meter.js';

/** What may be set in an {@link OutboxRig}. */
export interface OutboxRigOptions {
  /** Messages that may be in flight. Default 10. */
  readonly window?: number;
  readonly limits?: Partial<QueueLimits>;
  readonly retry?: RetryStrategy;
  readonly record?: Partial<SessionRecord>;
  /** Refused rows fail the sink. Default: they get a letter. */
  readonly failOnRefusal?: boolean;
  /** What an earlier rig has left. Default: nothing. */
  readonly store?: MemoryOutboxes;
}

/** A row to be added. */
export interface RigRow {
  readonly topic?: string;
  readonly qos?: QualityOfService;
  readonly properties?: Properties;
  readonly expiresAtMs?: number;
}

const NAME = 'client';

/** What a broker answers; the rig knows the message. */
export type RigAnswer =
  | Omit<ReceivedEvent, 'message'>
  | Omit<DeliveredEvent, 'message'>
  | Omit<RefusedEvent, 'message'>;

/** The record of a session of 5.0 that is established. */
export const sessionRecord = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
  ...markGranted(beginCreating(undefined), { server: 's', version: 5, markers: undefined, subscriptions: [] }),
  ...changes,
});

/** An outbox over a session that takes messages into a list, with a store that holds what is committed. */
export class OutboxRig {
  readonly outbox: MqttOutboxSender;
  readonly birth: OutboxBirth;
  readonly store: MemoryOutboxes;
  /** What was given to the session, in order: `publish 3`, `late 3`, `release 3`, `abandon 3`, `low 3`. */
  readonly session: string[] = [];
  readonly failures: MillraceError[] = [];
  readonly unverified: number[] = [];
  now = 0;
  readonly cutError = new MillraceError('CONNECTION_LOST', 'cut');
  readonly burnt: number[] = [];
  /** How many messages the queue let be unanswered. */
  readonly paces: number[] = [];
  lastOwed = 0;
  lastAlone = -1;
  /** What the broker owes now: the rig counts what it is given and what is answered. */
  owed = 0;
  /** Thrown by the next publish. */
  publishError: MillraceError | undefined;
  #credit: number;
  /** What the session has, by seq. */
  readonly #messages = new Map<number, OutboundMessage>();
  #end: number;
  #added: OutboxRow[] = [];
  readonly #codec = new RowCodec();
  readonly #sealed: {
    readonly snapshot: OutboxSnapshot;
    readonly added: readonly OutboxRow[];
    readonly end: number;
  }[] = [];

  constructor(options: OutboxRigOptions = {}) {
    const { window = 10, limits = {}, retry = RetryStrategies.never(), failOnRefusal = false } = options;
    this.store = options.store ?? new MemoryOutboxes();
    const restored = this.store.restore(NAME);
    this.#end = restored.end;
    this.birth = restoreOutbox(restored, sessionRecord(options.record), this.#codec);
    this.#credit = window - this.birth.sent.length;
    for (const row of this.birth.sent) this.#messages.set(row.seq, row);
    this.outbox = new MqttOutboxSender({
      name: NAME,
      birth: this.birth,
      codec: this.#codec,
      publisher: () => this,
      limits: { maxBufferedMessages: 1000, maxBufferedBytes: 1 << 24, offlineOverflow: 'pause', ...limits },
      retry,
      owner: {
        meter: SILENT_METER,
        refused: (row, error) => (failOnRefusal ? undefined : deadLetterOf({ row, error, origin: 'rig' })),
        downgraded: () => {},
        unverified: (row) => this.unverified.push(row.index),
        failed: (error) => this.failures.push(error),
      },
    });
    this.outbox.begin(this.now);
    this.connect(window);
  }

  get credit(): number {
    return this.#credit;
  }

  get portion(): number {
    return this.#credit;
  }

  message(seq: number): OutboundMessage | undefined {
    return this.#messages.get(seq);
  }

  messages(): Iterable<OutboundMessage> {
    return this.#messages.values();
  }

  publish(message: OutboundMessage): void {
    this.#publish('publish', message);
  }

  publishLate(message: OutboundMessage): void {
    this.#publish('late', message);
  }

  release(seq: number): void {
    this.session.push(`release ${seq}`);
    this.owed += 1;
  }

  abandon(seq: number): void {
    this.session.push(`abandon ${seq}`);
    this.#messages.delete(seq);
    this.#credit += 1;
  }

  pace(window: number): void {
    this.paces.push(window);
  }

  setDurableLow(seq: number): void {
    this.session.push(`low ${seq}`);
  }

  /** What was given to the session since the last call, without the low-water marks. */
  take(): string[] {
    return this.session.splice(0).filter((entry) => !entry.startsWith('low'));
  }

  connect(window: number, epoch = this.birth.session.epoch): void {
    this.outbox.handleConnected({ epoch, window });
    this.outbox.queue.handleConnected(5, this.now);
  }

  /** The connection ends; the broker loses the session. Rows in doubt go out again, or these are given up. */
  lose(epoch: number, givenUp: readonly number[] = []): void {
    this.outbox.queue.handleDisconnected(new MillraceError('CONNECTION_LOST', 'cut'), this.now);
    this.outbox.queue.handleSessionLost(givenUp.map((seq) => this.#take(seq)));
    this.#credit += givenUp.length;
    this.owed = 0;
    this.connect(10, epoch);
  }

  /** Rows of the next commit. */
  add(count: number, { topic = 't', qos = 2, properties, expiresAtMs }: RigRow = {}): void {
    for (let index = 0; index < count; index += 1) {
      const payload = Buffer.from(String(this.#end));
      const bytes = this.#codec.encode({ topic, payload, qos, retain: false, properties, expiresAtMs });
      this.#added.push({ seq: this.#end, bytes });
      this.#end += 1;
    }
  }

  seal(): OutboxSnapshot {
    const snapshot = this.outbox.snapshot(this.#end);
    this.#sealed.push({ snapshot, added: this.#added, end: this.#end });
    this.#added = [];
    return snapshot;
  }

  /** The oldest sealed commit is in the store; nobody has heard of it. */
  storeOldest(): void {
    const oldest = this.#sealed.shift();
    if (oldest === undefined) throw new Error('nothing is sealed');
    this.store.apply({ name: NAME, ...oldest });
    this.outbox.committed(oldest.snapshot.mark);
  }

  /** Seals and commits, offers and publishes. */
  commit(): OutboxSnapshot {
    const snapshot = this.seal();
    while (this.#sealed.length > 0) this.storeOldest();
    this.pump();
    return snapshot;
  }

  /** Offers what is durable and publishes what may go. */
  pump(): void {
    const { rows, end } = this.store.restore(NAME);
    this.outbox.offer([...rows(this.outbox.next, end)], this.now, this.now);
    this.outbox.queue.pump(this.now, this.now);
  }

  /** What the broker answered. */
  answer(...answers: readonly RigAnswer[]): void {
    for (const { type } of answers) if (type !== 'received') this.#credit += 1;
    this.owed = Math.max(0, this.owed - answers.length);
    const events = answers.map((answer) =>
      answer.type === 'received'
        ? { ...answer, message: this.#get(answer.seq) }
        : { ...answer, message: this.#take(answer.seq) },
    );
    this.outbox.queue.handleEvents(events, this.now);
  }

  /** Another process goes on with what is committed. */
  restart(options: OutboxRigOptions = {}): OutboxRig {
    return new OutboxRig({ ...options, store: this.store.reopen() });
  }

  #publish(how: string, message: OutboundMessage): void {
    const error = this.publishError;
    this.publishError = undefined;
    if (error !== undefined) throw error;
    this.session.push(`${how} ${Buffer.from(message.payload).toString()}`);
    if (message.qos === 0) return;
    this.#messages.set(message.seq, message);
    this.#credit -= 1;
    this.owed += 1;
  }

  #get(seq: number): OutboundMessage {
    const message = this.#messages.get(seq);
    if (message === undefined) throw new Error(`the session has no message ${seq}`);
    return message;
  }

  #take(seq: number): OutboundMessage {
    const message = this.#get(seq);
    this.#messages.delete(seq);
    return message;
  }
}

/** PUBREC. */
export const received = (seq: number): RigAnswer => ({ type: 'received', seq, reasonCode: 0 });

/** PUBACK or PUBCOMP. */
export const delivered = (seq: number): RigAnswer => ({ type: 'delivered', seq, reasonCode: 0 });

/** PUBACK or PUBREC that refuses. */
export const refused = (seq: number, reasonCode: number): RigAnswer => ({
  type: 'refused',
  seq,
  reasonCode,
  reasonString: undefined,
});
