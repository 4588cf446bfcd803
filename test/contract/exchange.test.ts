import assert from 'node:assert/strict';
import { EdgeSender } from '../../src/cluster/exchange/edge/edge-sender.js';
import { openMail } from '../../src/cluster/exchange/edge-mail.js';
import type { Edges } from '../../src/cluster/exchange/edges.js';
import { exchangeEnds } from '../../src/cluster/exchange/exchange-ends.js';
import { ExchangeReader } from '../../src/cluster/exchange/exchange-reader.js';
import { Generation } from '../../src/cluster/exchange/generation.js';
import { RoutedItem } from '../../src/cluster/exchange/routed-item.js';
import { encodeRow } from '../../src/cluster/exchange/row-codec.js';
import type { SinkDefinition } from '../../src/connector/sink.js';
import type { SourceDefinition } from '../../src/connector/source.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { FailingEdges } from '../support/cluster/exchange/failing-edges.js';
import { durableSinkContract } from './durable-sink-contract.js';
import { sourceContract } from './source-contract.js';

const NAME = 'exchange by device';
const COUNT = 2;
const JOB = 'contract';
const mailOf = (index: number) =>
  openMail({ job: JOB, name: NAME, partition: { index, count: COUNT }, metrics: new MetricsRegistry() });

const endsOver = (edges: Edges) =>
  exchangeEnds({
    name: NAME,
    grouping: 'by device',
    onError: 'fail',
    timed: false,
    edges: () => edges,
    generation: new Generation(),
  });

/** As a job of several partitions opens it. */
const sinkAt = (edges: Edges, index: number): SinkDefinition<unknown> => {
  const { sink } = endsOver(edges);
  const partition = { index, count: COUNT };
  return {
    ...sink,
    createDurableWriter: (context, restore) => {
      assert.ok(sink.createDurableWriter);
      return sink.createDurableWriter({ ...context, partition, job: JOB }, restore);
    },
  };
};

const sourceAt = (edges: Edges, index: number): SourceDefinition<unknown> => {
  const { source } = endsOver(edges);
  const partition = { index, count: COUNT };
  return { ...source, createReader: (context) => source.createReader({ ...context, partition, job: JOB }) };
};

/** The partition that receives: it commits what it was given, but for while it is held. */
class FarSide {
  readonly received: number[] = [];
  readonly #reader: ExchangeReader;
  #held = false;

  static async open(edges: Edges): Promise<FarSide> {
    const partition = { index: 0, count: COUNT };
    const generation = new Generation();
    return new FarSide(
      await ExchangeReader.open({
        name: NAME,
        job: JOB,
        metrics: new MetricsRegistry(),
        edges,
        generation,
        partition,
        timed: false,
        restored: undefined,
      }),
    );
  }

  private constructor(reader: ExchangeReader) {
    this.#reader = reader;
    void this.#run().catch(() => {});
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#take();
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#reader.ready();
      this.#take();
    }
  }

  #take(): void {
    const { items, last } = this.#reader.poll(256);
    for (const item of items) this.received.push(Number(Object(item).sequence));
    if (!this.#held) this.#reader.committed(this.#reader.snapshot(last).mark);
  }
}

durableSinkContract<unknown>('the sink of an exchange', {
  start: async () => {
    const edges = new FailingEdges();
    const far = await FarSide.open(edges);
    return {
      sink: sinkAt(edges, 1),
      item: (sequence) => new RoutedItem(0, { sequence, weight: 'x'.repeat(500) }),
      received: () => far.received,
      hold: () => far.hold(),
      release: () => far.release(),
      fail: () => edges.fail(),
      stop: () => far.close(),
    };
  },
  guarantee: 'exactly-once',
  limits: {},
});

/** The partition that sends: it has stored what it makes. */
class NearSide {
  readonly #edges: Edges;
  readonly #mail = mailOf(0);
  readonly #sender = new EdgeSender({ from: 0, outbox: 5, low: 0, windowBytes: 1_000_000 });
  #end: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  static async open(edges: Edges): Promise<NearSide> {
    const side = new NearSide(edges);
    side.#end = await edges.subscribe(
      { exchange: NAME, kind: 'status', partition: 0 },
      { onMessage: (bytes) => side.#hear(bytes), onFailed: () => {} },
    );
    return side;
  }

  private constructor(edges: Edges) {
    this.#edges = edges;
  }

  get committed(): number {
    return this.#sender.low;
  }

  produce(count: number): void {
    const first = this.#sender.next;
    const rows = Array.from({ length: count }, (_, index) => ({
      seq: first + index,
      bytes: encodeRow(first + index),
    }));
    assert.equal(this.#sender.offer(rows), count);
    this.#send();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#end();
  }

  #hear(bytes: Uint8Array): void {
    const message = this.#mail.open(bytes);
    assert.ok(message?.type === 'status');
    this.#sender.handleStatus(message, performance.now());
    this.#send();
  }

  #send(): void {
    for (const message of this.#sender.take(performance.now(), this.#edges.maxMessageBytes))
      this.#edges.publish({ exchange: NAME, kind: 'rows', partition: 1 }, this.#mail.seal(message));
    clearTimeout(this.#timer);
    const deadline = this.#sender.deadline();
    if (deadline !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.#send(), Math.max(0, deadline - performance.now()));
  }
}

sourceContract<unknown>('the source of an exchange', {
  start: async () => {
    const edges = new FailingEdges();
    const near = await NearSide.open(edges);
    return {
      source: sourceAt(edges, 1),
      produce: (count) => near.produce(count),
      sequenceOf: (item) => Number(item),
      acknowledged: () => near.committed,
      fail: () => edges.fail(),
      stop: () => near.close(),
    };
  },
  limits: { redelivery: 'what is committed stands in the commits of its job, and nowhere else' },
});
