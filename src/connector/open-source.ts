import type { Metrics } from '../metrics/metrics.js';
import type { SourceDefinition } from './source.js';

/**
 * One item with its acknowledgement. `ack` may be called in any order; the broker is answered in order. A source whose default
 * guarantee is `none` acknowledges what it receives: there `ack` does nothing and need not be called.
 */
export interface Received<T> {
  readonly item: T;
  ack(): void;
}

/** A run of items acknowledged together. */
export interface ReceivedBatch<T> {
  readonly items: readonly T[];
  ack(): void;
}

/** A source that is open without an engine: iterate it, or its batches; disposing or breaking out closes it. */
export interface OpenSource<T> extends AsyncIterable<Received<T>>, AsyncDisposable {
  batches(): AsyncIterable<ReceivedBatch<T>>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Aborts opening, and closes what is open with the error ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** Where it counts. Default: a registry that nobody sees. */
  readonly metrics?: Metrics | undefined;
}

/** What `MqttSources`, `TestSources` and `SourceBuilder` build. */
export interface Source<T> extends SourceDefinition<T> {
  /** Opens it without an engine. Resolves when items can arrive. */
  open(options?: OpenOptions): Promise<OpenSource<T>>;
}
