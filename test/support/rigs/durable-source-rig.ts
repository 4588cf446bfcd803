import type { DeadLetter } from '../../../src/connector/dead-letter.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import type { Packet } from '../../../src/mqtt/protocol/packet.js';
import type { QualityOfService } from '../../../src/mqtt/protocol/quality-of-service.js';
import type { SessionEvent } from '../../../src/mqtt/protocol/session/session-event.js';
import { DurableAcks } from '../../../src/mqtt/source/durable/acks.js';
import { readSourceState, restoredSession } from '../../../src/mqtt/source/durable/source-state.js';
import { fromStoredPages } from '../../../src/mqtt/source/durable/stored-memory.js';
import { ItemMaker } from '../../../src/mqtt/source/items/item-maker.js';
import { QosCheck } from '../../../src/mqtt/source/items/qos-check.js';
import { MessageIntake } from '../../../src/mqtt/source/message-intake.js';
import { MqttSourceReader } from '../../../src/mqtt/source/mqtt-source-reader.js';
import type { SourceLine } from '../../../src/mqtt/source/source-line.js';
import { sourceMetrics } from '../../../src/mqtt/source/source-metrics.js';
import { SessionRig } from './session-rig.js';

/** What a store would have of a source. */
export interface StoredSource {
  /** As the store gives it back. */
  readonly state: unknown;
  readonly pages: ReadonlyMap<string, Uint8Array>;
  /** Of the session's record. */
  readonly epoch: number;
}

/** A commit that was sealed. */
export interface SealedCommit {
  /** It is on disk; nobody was told. */
  store(): void;
  /** `store`, and the reader is told: what is now allowed goes out. */
  finish(): void;
}

const LIMITS = {
  maxQos0Messages: 70_000,
  maxReliableMessages: 70_000,
  maxBytes: 100_000_000,
  qos0Overflow: 'drop-oldest',
} as const;

/** A PUBLISH of the server on a topic that the source reads. */
export const message = (
  packetId: number,
  text: string,
  { qos = 2, dup = false, topic = 't' }: { qos?: QualityOfService; dup?: boolean; topic?: string } = {},
): Packet => ({ type: 'publish', topic, payload: new TextEncoder().encode(text), qos, retain: false, dup, packetId });

/** An MQTT source of a durable job over a real Session, where the test is the broker, the engine and the disk. */
export class DurableSourceRig {
  readonly broker: SessionRig;
  readonly reader: MqttSourceReader<string>;
  readonly letters: DeadLetter[] = [];
  readonly #intake: MessageIntake;
  readonly #acks: DurableAcks;
  #stored: StoredSource;
  #last = -1;

  constructor(stored: StoredSource = { state: undefined, pages: new Map(), epoch: 0 }) {
    this.#stored = stored;
    const pages = fromStoredPages(stored.pages, 's');
    const birth = restoredSession(readSourceState(stored.state, 's'), { epoch: stored.epoch, client: 'c' }, pages);
    this.broker = new SessionRig({ state: birth });
    const { session } = this.broker;
    const metrics = sourceMetrics(new MetricsRegistry(), 's');
    const line: SourceLine = { session, flush: () => {}, setReading: () => {}, close: async () => {} };
    this.#intake = new MessageIntake({
      name: 's',
      filters: ['t'],
      limits: LIMITS,
      autoReconnect: true,
      metrics,
    });
    this.#acks = new DurableAcks(session, birth, 'c');
    this.#intake.attach(line, this.#acks);
    const qosCheck = new QosCheck({ source: 's', needed: 0, policy: 'accept', metrics });
    const maker = new ItemMaker({
      name: 's',
      mapToItemFn: (_topic, received) => received.toString(),
      schema: String,
      deduplicateBy: undefined,
      qosCheck,
    });
    this.reader = new MqttSourceReader({
      name: 's',
      origin: 's',
      maker,
      onError: 'fail',
      intake: this.#intake,
      line,
      acks: this.#acks,
      metrics,
    });
  }

  /** CONNECT and CONNACK. A lost session is settled as the connection does it: the record first, then the epoch (R5). */
  connect(sessionPresent: boolean): this {
    this.broker.connect({}, { sessionPresent });
    const events = this.broker.events();
    if (events.some(({ type }) => type === 'session-lost')) {
      this.#record(events);
      this.broker.session.startEpoch('redeliver');
    }
    this.#record(events);
    for (const event of events) if (event.type === 'connected') this.#intake.onConnected(event, true);
    this.broker.written();
    return this;
  }

  cut(): void {
    this.broker.cut();
    this.#intake.onDisconnected(new Error('cut') as never);
  }

  /** The server sends packets, in one read. */
  serve(...packets: readonly Packet[]): this {
    this.broker.serve(...packets);
    this.#intake.onSessionEvents(this.broker.events());
    return this;
  }

  /** Everything that has arrived. */
  poll(max = 100_000): readonly string[] {
    const { items, last } = this.reader.poll(max);
    this.#last = Math.max(this.#last, last);
    return items;
  }

  /** Takes the snapshot of a commit. The state goes through what a store does with it. */
  seal(upTo = this.#last): SealedCommit {
    const { mark, state, pages = new Map() } = this.reader.snapshot(upTo);
    const copy = structuredClone({ state, pages });
    const store = () => {
      this.#stored = { ...this.#stored, state: copy.state, pages: new Map([...this.#stored.pages, ...copy.pages]) };
    };
    return {
      store,
      finish: () => {
        store();
        this.reader.committed(mark);
      },
    };
  }

  /** The whole commit at once. */
  commit(upTo?: number): this {
    this.seal(upTo).finish();
    return this;
  }

  /** What was written since the last call, e.g. `pubrec 1`. */
  answers(): readonly string[] {
    return this.broker.answers();
  }

  /** The process is gone; the next one has what is stored. */
  crash(): DurableSourceRig {
    return new DurableSourceRig(this.#stored);
  }

  #record(events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (event.type === 'connected') this.#stored = { ...this.#stored, epoch: event.epoch };
    }
  }
}
