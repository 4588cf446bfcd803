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
