import type { ProcessingGuarantee } from '../../../src/connector/processing-guarantee.js';
import type { SinkDefinition } from '../../../src/connector/sink.js';
import type { RejectedItem, SinkWriter } from '../../../src/connector/sink-writer.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { onCleanup } from '../cleanup.js';
import { PATIENCE_MS } from '../limits.js';
import { within } from '../within.js';

/** Drives one sink by hand, as an engine would, and closes it when the test file ends. */
export class SinkDriver<T> implements AsyncDisposable {
  readonly writer: SinkWriter<T>;
  readonly metrics: MetricsRegistry;
  readonly rejected: RejectedItem[] = [];
  delivered = 0;
  #written = 0;

  private constructor(writer: SinkWriter<T>, metrics: MetricsRegistry) {
    this.writer = writer;
    this.metrics = metrics;
    onCleanup(() => this.close());
  }

  static async open<T>(
    sink: SinkDefinition<T>,
    guarantee: ProcessingGuarantee = 'at-least-once',
  ): Promise<SinkDriver<T>> {
    const metrics = new MetricsRegistry();
    const abort = new AbortController();
    const opening = sink.createWriter({ job: 'test', guarantee, metrics, signal: abort.signal });
    const writer = await within(opening, PATIENCE_MS, `opening ${sink.name}`).catch((error: unknown) => {
      abort.abort();
      throw error;
    });
    return new SinkDriver(writer, metrics);
  }

  /** Writes all of it, waiting for room, and flushes. */
  async write(items: readonly T[]): Promise<void> {
    for (let rest = items; rest.length > 0; ) {
      const taken = this.writer.write(rest);
      this.#written += taken;
      rest = rest.slice(taken);
      this.writer.flush();
      if (rest.length > 0) await this.#advance();
    }
  }

  /** Waits until everything written is delivered or given up. */
  async drain(): Promise<void> {
    while (this.delivered < this.#written) await this.#advance();
  }

  /** Waits until at least `count` items are delivered or given up. */
  async untilDelivered(count: number): Promise<void> {
    while (this.delivered < count) await this.#advance();
  }

  /** `write` and `drain`. */
  async deliver(items: readonly T[]): Promise<void> {
    await this.write(items);
    await this.drain();
  }

  /** The sum of a metric over its labels. */
  metric(name: string): number {
    return this.metrics
      .snapshot()
      .filter((sample) => sample.name === name)
      .reduce((sum, { value }) => sum + (typeof value === 'number' ? value : 0), 0);
  }

  close(): Promise<void> {
    return this.writer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #advance(): Promise<void> {
    const what = () => `progress of the sink, delivered ${this.delivered} of ${this.#written}`;
    await within(this.writer.ready(), PATIENCE_MS, what);
    const { delivered, rejected } = this.writer.progress();
    this.delivered = delivered;
    this.rejected.push(...rejected);
    this.writer.flush();
  }
}

/** `prefix0`, `prefix1`, … */
export const numbered = (count: number, prefix = 'm'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
