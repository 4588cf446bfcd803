import type { ProcessingGuarantee } from '../../../src/connector/processing-guarantee.js';
import type { SourceDefinition } from '../../../src/connector/source.js';
import type { Polled, RejectedInput, SourceReader } from '../../../src/connector/source-reader.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { onCleanup } from '../cleanup.js';
import { PATIENCE_MS } from '../limits.js';
import { within } from '../within.js';

/** Drives one source by hand, as an engine would, and closes it when the test file ends. */
export class SourceDriver<T> implements AsyncDisposable {
  readonly reader: SourceReader<T>;
  readonly metrics: MetricsRegistry;
  readonly items: T[] = [];
  readonly rejected: RejectedInput[] = [];
  readonly polls: Polled<T>[] = [];
  #last = -1;

  private constructor(reader: SourceReader<T>, metrics: MetricsRegistry) {
    this.reader = reader;
    this.metrics = metrics;
    onCleanup(() => this.close());
  }

  /** Opens it with its default guarantee, or another. */
  static async open<T>(
    source: SourceDefinition<T>,
    guarantee: ProcessingGuarantee = source.defaultGuarantee,
  ): Promise<SourceDriver<T>> {
    const metrics = new MetricsRegistry();
    const abort = new AbortController();
    const opening = source.createReader({ job: 'test', guarantee, metrics, signal: abort.signal });
    const reader = await within(opening, PATIENCE_MS, `opening ${source.name}`).catch((error: unknown) => {
      abort.abort();
      throw error;
    });
    return new SourceDriver(reader, metrics);
  }

  /** Polls until there are at least `count` items in all, acknowledging nothing. */
  async take(count: number): Promise<readonly T[]> {
    while (this.items.length < count) {
      const what = () => `${count} items, have ${this.items.length}`;
      await within(this.reader.ready(), PATIENCE_MS, what);
      this.poll();
    }
    return this.items;
  }

  /** One poll of what is there. */
  poll(max = 1000): Polled<T> {
    const polled = this.reader.poll(max);
    this.polls.push(polled);
    this.items.push(...polled.items);
    this.rejected.push(...polled.rejected);
    this.#last = Math.max(this.#last, polled.last);
    return polled;
  }

  /** Acknowledges everything polled, or everything up to a position. */
  commit(upTo = this.#last): void {
    this.reader.committed(this.reader.snapshot(upTo).mark);
  }

  /** `take`, then `commit`. */
  async consume(count: number): Promise<readonly T[]> {
    await this.take(count);
    this.commit();
    return this.items;
  }

  /** The value of a counter or gauge of the source or its connection. */
  metric(name: string): number {
    const value = this.metrics.snapshot().find((sample) => sample.name === name)?.value;
    return typeof value === 'number' ? value : Number.NaN;
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
