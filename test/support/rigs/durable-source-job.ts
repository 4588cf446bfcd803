import { deserialize, serialize } from 'node:v8';
import type { DeadLetter } from '../../../src/connector/dead-letter.js';
import type { ProcessingGuarantee } from '../../../src/connector/processing-guarantee.js';
import type { SourceDefinition } from '../../../src/connector/source.js';
import type { SourceReader } from '../../../src/connector/source-reader.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { onCleanup } from '../cleanup.js';
import { PATIENCE_MS } from '../limits.js';
import type { ChaosProxy } from '../proxy/chaos-proxy.js';
import { MemoryRecords } from '../store/memory-records.js';
import { within } from '../within.js';

/** What a tick does, in order; a crash may come after each. */
export type TickStep = 'poll' | 'seal' | 'store' | 'tell';

/** Thrown by a test that ends the process in the middle of a tick. */
export class Crash extends Error {}

/** The smallest engine there is, for one source: polls, commits to a store in memory, tells. The store outlives its crashes. */
export class DurableSourceJob<T> {
  /** What the items led to, in the commits that are durable. */
  readonly effects: T[] = [];
  /** The letters of the inputs that were rejected, in the commits that are durable. */
  readonly letters: DeadLetter[] = [];
  readonly records: MemoryRecords;
  metrics = new MetricsRegistry();
  /** Called after each step of a tick; may throw Crash. */
  onStep: (step: TickStep) => void = () => {};
  readonly #source: SourceDefinition<T>;
  readonly #guarantee: ProcessingGuarantee;
  #reader: SourceReader<T> | undefined;
  #stored: Uint8Array | undefined;
  readonly #pages = new Map<string, Uint8Array>();
  #last = -1;

  constructor(
    source: SourceDefinition<T>,
    guarantee: ProcessingGuarantee = 'exactly-once',
    records: MemoryRecords = new MemoryRecords(),
  ) {
    this.records = records;
    this.#source = source;
    this.#guarantee = guarantee;
    onCleanup(() => this.stop());
  }

  /** The source state that is durable, as it would be restored. */
  get stored(): unknown {
    return this.#stored === undefined ? undefined : deserialize(this.#stored);
  }

  get reader(): SourceReader<T> {
    if (this.#reader === undefined) throw new Error('the job does not run');
    return this.#reader;
  }

  /** The same job with another source definition, on the same store. */
  successor(source: SourceDefinition<T>): DurableSourceJob<T> {
    const next = new DurableSourceJob(source, this.#guarantee, this.records);
    next.#stored = this.#stored;
    for (const [page, bytes] of this.#pages) next.#pages.set(page, bytes);
    next.effects.push(...this.effects);
    next.letters.push(...this.letters);
    return next;
  }

  async start(): Promise<void> {
    this.metrics = new MetricsRegistry();
    this.#last = -1;
    const opening = this.#source.createReader({
      job: 'test',
      guarantee: this.#guarantee,
      metrics: this.metrics,
      signal: new AbortController().signal,
      durable: this.records,
      ...(this.#stored === undefined ? {} : { restored: this.stored, restoredPages: new Map(this.#pages) }),
    });
    this.#reader = await within(opening, PATIENCE_MS, 'opening the source');
  }

  /** Ends in order. */
  async stop(): Promise<void> {
    await this.#reader?.close();
    this.#reader = undefined;
  }

  /** The process is gone: nothing more of it reaches the broker behind the proxy, not even a DISCONNECT. */
  async kill(proxy: ChaosProxy): Promise<void> {
    proxy.refuse();
    proxy.cutAll('rst');
    await this.stop();
    proxy.refuse(false);
  }

  /** One tick of at most `max` items. */
  tick(max = 1000): void {
    const { reader } = this;
    const { items, rejected, last } = reader.poll(max);
    this.#last = Math.max(this.#last, last);
    this.onStep('poll');
    const { mark, state, pages } = reader.snapshot(this.#last);
    this.onStep('seal');
    this.#stored = state === undefined ? undefined : serialize(state);
    pages?.forEach((bytes, page) => {
      this.#pages.set(page, bytes.slice());
    });
    this.effects.push(...items);
    this.letters.push(...rejected.map(({ letter }) => letter));
    this.onStep('store');
    reader.committed(mark);
    this.onStep('tell');
  }

  /** Ticks whenever the source is ready, until `done`. */
  async run(done: () => boolean, max?: number): Promise<void> {
    while (!done()) {
      await within(this.reader.ready(), PATIENCE_MS, () => `news of the source; ${this.effects.length} effects`);
      this.tick(max);
    }
  }
}
