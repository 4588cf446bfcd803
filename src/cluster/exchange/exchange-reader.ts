import type { PartitionOf } from '../../connector/open-context.js';
import type { Polled, SourceReader, SourceSnapshot } from '../../connector/source-reader.js';
import { corruptState } from '../../errors/corrupt-state.js';
import { MillraceError } from '../../errors/index.js';
import { deferred } from '../../internal/deferred.js';
import { isCount } from '../../internal/is-count.js';
import { Readiness } from '../../internal/readiness.js';
import type { Metrics } from '../../metrics/metrics.js';
import { Arrival } from '../../pipeline/time/arrival.js';
import { encodeEdgeMessage } from './edge/edge-message.js';
import { type Answer, EdgeReceiver, type ReceiverState } from './edge/edge-receiver.js';
import { windowBytes } from './edge-limits.js';
import { type EdgeMail, openMail } from './edge-mail.js';
import type { Edges } from './edges.js';
import { freshId } from './fresh-id.js';
import type { Generation } from './generation.js';
import { decodeRow } from './row-codec.js';
import { decodeTimedRow } from './timed-row-codec.js';

export interface ExchangeReaderOptions {
  /** Of the exchange. */
  readonly name: string;
  readonly job: string;
  /** Where it counts what it drops. */
  readonly metrics: Metrics;
  readonly edges: Edges;
  /** Of the job. */
  readonly generation: Generation;
  /** The one that it receives for. */
  readonly partition: PartitionOf;
  /** Whether its items have a timestamp. */
  readonly timed: boolean;
  /** As the last commit has it. */
  readonly restored: unknown;
}

/**
 * Gives a partition the items of its keys, those of each sender in their order and once. It stays open when all have ended, for they have
 * to be told.
 */
export class ExchangeReader implements SourceReader<unknown> {
  readonly failed: Promise<MillraceError>;
  readonly #options: ExchangeReaderOptions;
  readonly #mail: EdgeMail;
  readonly #receiver: EdgeReceiver;
  readonly #readiness = new Readiness();
  readonly #dirtiness = new Readiness();
  readonly #failing = deferred<MillraceError>();
  readonly #stopListening: () => void;
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
    this.#mail = openMail(options);
    const { partition, restored, generation } = options;
    // it may be one in which all have ended
    this.#stopListening = generation.onChange(() => this.#readiness.notify());
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

  /** What was taken over in another generation has not ended in this one. */
  get atEnd(): boolean {
    return this.#receiver.hasEnded(this.#options.generation.now);
  }

  whenDirty(): Promise<void> {
    return this.dirty ? Promise.resolve() : this.#dirtiness.wait();
  }

  poll(max: number): Polled<unknown> {
    if (this.#failure !== undefined) throw this.#failure;
    const { rows, bytes, first, last } = this.#receiver.poll(max);
    const items = rows.map(this.#decode);
    return { items, timestampMs: Date.now(), first, last, bytes, rejected: [], done: false };
  }

  readonly #decode = (row: Uint8Array): unknown => {
    const { name, timed } = this.#options;
    const item = decodeTimedRow(row) ?? decodeRow(row);
    if (item instanceof Arrival !== timed) throw otherTime(name, timed);
    return item;
  };

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
    this.#stopListening();
    this.#unsubscribe();
  }

  #take(bytes: Uint8Array): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    try {
      const message = this.#mail.open(bytes);
      if (message === undefined || message.type === 'status') return;
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
      edges.publish({ exchange: name, kind: 'status', partition: to }, this.#mail.seal(encodeEdgeMessage(status)));
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
    const { outbox, next, ended } = Object(sender);
    if (!isCount(outbox) || !isCount(next) || !isCount(ended)) throw noState();
    return { outbox, next, ended };
  });
  return { senders: read };
};

/** The nodes agree upon the pipeline (`planLines`): so it was sent by one that was changed since. */
const otherTime = (exchange: string, timed: boolean): MillraceError =>
  new MillraceError(
    'JOB_CHANGED',
    `${exchange}: what is on its way between partitions has ${timed ? 'no timestamps, which it needs now' : 'timestamps, which it has no more'}`,
    {
      advice:
        'Run the former pipeline until all that came in is processed (drain), or start this one under another name.',
      details: { exchange },
    },
  );

const noState = (): MillraceError => corruptState('what is stored of an exchange is not what this version has written');
