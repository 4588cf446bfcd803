import { type DiagnosticData, diagnosticChannel, publishDiagnostic } from '../../../metrics/diagnostics.js';
import { userProperty } from '../../protocol/user-property.js';
import type { Row } from '../message/row.js';
import type { DropReason, Finding } from '../queue/queue-outcome.js';
import type { SinkMetrics } from './sink-metrics.js';

const PUBLISH = diagnosticChannel('publish');
const DELIVERED = diagnosticChannel('delivered');

/** Counts and tells what becomes of the rows of a sink. */
export class SinkMeter {
  readonly #sink: string;
  readonly #metrics: SinkMetrics;
  #toldOfProperties = false;
  #toldOfQos = false;
  /** The message whose latency is measured now. */
  #sample: Row | undefined;
  #sampledAt = 0;
  /** Of those that were told of. */
  readonly #numbers = new WeakMap<Row, number>();

  constructor(sink: string, metrics: SinkMetrics) {
    this.#sink = sink;
    this.#metrics = metrics;
  }

  /** Begins another sample of the latency, when none is under way. */
  published(row: Row): void {
    if (this.#sample === undefined && row.qos > 0) {
      this.#sample = row;
      this.#sampledAt = performance.now();
    }
    this.#metrics.messages.add();
    this.#metrics.bytes.add(row.payload.length);
    if (PUBLISH.hasSubscribers) this.#tellOfPublish(row);
  }

  delivered(row: Row): void {
    if (row === this.#sample) {
      this.#metrics.ackLatency.observe((performance.now() - this.#sampledAt) / 1000);
      this.#sample = undefined;
    }
    if (row.qos === 0) this.#metrics.unconfirmed.add();
    else this.#metrics.delivered.add();
    if (DELIVERED.hasSubscribers) this.#tellOutcome(row, 'delivered');
  }

  /** One that expired is told besides (`message-expired`, R23). */
  dropped(row: Row, reason: DropReason): void {
    this.#forget(row);
    this.#metrics.dropped[reason].add();
    if (DELIVERED.hasSubscribers) this.#tellOutcome(row, 'dropped');
    if (reason === 'expired')
      publishDiagnostic('message-expired', { sink: this.#sink, topic: row.topic, qos: row.qos });
  }

  /** Without a row: no message could be made. */
  refused(row?: Row): void {
    if (row !== undefined) this.#forget(row);
    this.#metrics.refused.add();
    if (row !== undefined && DELIVERED.hasSubscribers) this.#tellOutcome(row, 'refused');
  }

  retried(): void {
    this.#metrics.retried.add();
  }

  /** Told once for the sink, counted each time. */
  downgraded({ topic }: Row): void {
    this.#metrics.downgraded.add();
    if (this.#toldOfQos) return;
    this.#toldOfQos = true;
    publishDiagnostic('qos-downgraded', { sink: this.#sink, topic, qos: 2, taken: 1 });
  }

  /** Told each time, for it is rare and names the message. */
  suspected({ topic, qos, payload, index }: Row, finding: Finding): void {
    this.#metrics.suspected.add();
    publishDiagnostic('message-suspected', {
      sink: this.#sink,
      finding,
      topic,
      qos,
      payloadBytes: payload.length,
      item: index,
    });
  }

  /** Told each time: the next message under this id may be lost. */
  idsSpent(topic: string, packetId: number): void {
    publishDiagnostic('packet-ids-spent', { sink: this.#sink, topic, packetId });
  }

  /** Told once for the sink, counted each time. */
  stripped(row: Row): void {
    this.#metrics.propertiesDropped.add();
    if (this.#toldOfProperties) return;
    this.#toldOfProperties = true;
    publishDiagnostic('properties-dropped', { sink: this.#sink, topic: row.topic });
  }

  #forget(row: Row): void {
    if (row === this.#sample) this.#sample = undefined;
  }

  #tellOfPublish(row: Row): void {
    const { topic, qos, retain, payload, properties } = row;
    lastNumber += 1;
    this.#numbers.set(row, lastNumber);
    publishDiagnostic('publish', {
      sink: this.#sink,
      number: lastNumber,
      topic,
      qos,
      retain,
      payloadBytes: payload.length,
      property: (name) => userProperty(properties, name),
    });
  }

  /** Not of one that was published before anybody listened. */
  #tellOutcome(row: Row, outcome: DiagnosticData<'delivered'>['outcome']): void {
    const number = this.#numbers.get(row);
    if (number !== undefined) publishDiagnostic('delivered', { sink: this.#sink, number, outcome });
  }
}

/** Of the messages of this process that were told of. */
let lastNumber = 0;
