import type { PartitionOf } from '../../connector/open-context.js';
import type { Polled, SourceReader, SourceSnapshot } from '../../connector/source-reader.js';
import { corruptState } from '../../errors/corrupt-state.js';
import { MillraceError } from '../../errors/index.js';
import { deferred } from '../../internal/deferred.js';
import { isCount } from '../../internal/is-count.js';
import { Readiness } from '../../internal/readiness.js';
import { decodeEdgeMessage, encodeEdgeMessage } from './edge/edge-message.js';
import { type Answer, EdgeReceiver, type ReceiverState } from './edge/edge-receiver.js';
import { windowBytes } from './edge-limits.js';
import type { Edges } from './edges.js';
import { freshId } from './fresh-id.js';
import { decodeRow } from './row-codec.js';

export interface ExchangeReaderOptions {
  /** Of the exchange. */
  readonly name: string;
  readonly edges: Edges;
  /** The one that it receives for. */
  readonly partition: PartitionOf;
  /** As the last commit has it. */
  readonly restored: unknown;
}

/** Gives a partition the items of its keys, those of each sender in their order and once. It never ends by itself. */
export class ExchangeReader implements SourceReader<unknown> {
  readonly failed: Promise<MillraceError>;
  readonly #options: ExchangeReaderOptions;
  readonly #receiver: EdgeReceiver;
  readonly #readiness = new Readiness();
  readonly #dirtiness = new Readiness();
  readonly #failing = deferred<MillraceError>();
  #unsubscribe: () => void = () => {};
  #failure: MillraceError | undefined;
  #isClosed = false;

  /** Resolves when rows can come; the senders are told where we are. */
  static async open(options: ExchangeReaderOptions): Promise<ExchangeReader> {
    const reader = new ExchangeReader(options);
    const { name, edges, partition } = options;
    reader.#unsubscribe = await edges.subscribe(
      { exchange: name, kind: 'rows', partition: partition.index },
      { onMessage: (bytes) => reader.#take(bytes), onFailed: (error) => reader.#fail(error) },
    );
    reader.#tell(reader.#receiver.greet());
    return reader;
  }

  private constructor(options: ExchangeReaderOptions) {
    this.#options = options;
    this.failed = this.#failing.promise;
    const { partition, restored } = options;
    this.#receiver = new EdgeReceiver({
      to: partition.index,
      partitions: partition.count,
      reader: freshId(),
      restored: readState(restored),
      // twice what one sends: what an earlier owner of its partition has sent may be on its way, too
      maxBufferedBytes: 2 * windowBytes(partition.count),
    });
  }

  get dirty(): boolean {
    return this.#receiver.isSuspicious;
  }

  whenDirty(): Promise<void> {
    return this.dirty ? Promise.resolve() : this.#dirtiness.wait();
  }

  poll(max: number): Polled<unknown> {
    if (this.#failure !== undefined) throw this.#failure;
    const { rows, bytes, first, last } = this.#receiver.poll(max);
    const items = rows.map(decodeRow);
    return { items, timestampMs: Date.now(), first, last, bytes, rejected: [], done: false };
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#receiver.hasRows || this.dirty ? Promise.resolve() : this.#readiness.wait();
  }

  snapshot(upTo: number): SourceSnapshot {
    return this.#receiver.snapshot(upTo);
  }

  /** @throws MillraceError STORE_CORRUPT */
  committed(mark: number): void {
    this.#tell(this.#receiver.committed(mark));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
  }

  #take(bytes: Uint8Array): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    try {
      const message = decodeEdgeMessage(bytes);
      if (message.type === 'status') return;
      const answer = this.#receiver.receive(message);
      if (answer !== undefined) this.#tell([answer]);
    } catch (error) {
      return void this.#fail(MillraceError.from(error));
    }
    if (this.dirty) this.#dirtiness.notify();
    if (this.dirty || this.#receiver.hasRows) this.#readiness.notify();
  }

  #tell(answers: readonly Answer[]): void {
    if (this.#isClosed) return;
    const { name, edges } = this.#options;
    for (const { to, status } of answers)
      edges.publish({ exchange: name, kind: 'status', partition: to }, encodeEdgeMessage(status));
  }

  #fail(error: MillraceError): void {
    this.#failure ??= error;
    this.#failing.resolve(this.#failure);
    this.#readiness.fail(this.#failure);
  }
}

/** Undefined on a first start. @throws MillraceError STORE_CORRUPT */
const readState = (state: unknown): ReceiverState | undefined => {
  if (state === undefined) return undefined;
  const { senders } = Object(state);
  if (!Array.isArray(senders)) throw noState();
  const read = senders.map((sender: unknown) => {
    const { outbox, next } = Object(sender);
    if (!isCount(outbox) || !isCount(next)) throw noState();
    return { outbox, next };
  });
  return { senders: read };
};

const noState = (): MillraceError => corruptState('what is stored of an exchange is not what this version has written');
