/**
 * One item with its acknowledgement. `ack` may be called in any order; the broker is answered in order. A source whose default
 * guarantee is `none` acknowledges what it receives: there `ack` does nothing and need not be called.
 */
export interface Received<T> {
  /** As the source made it. */
  readonly item: T;
  /** It is done with. A second call does nothing. */
  ack(): void;
}

/** A run of items acknowledged together. */
export interface ReceivedBatch<T> {
  /** At least one. */
  readonly items: readonly T[];
  /** All of them are done with. */
  ack(): void;
}

/** A source that is open without an engine: iterate it, or its batches; disposing or breaking out closes it. */
export interface OpenSource<T> extends AsyncIterable<Received<T>>, AsyncDisposable {
  /** The same items in runs, for less work with each. A source is iterated once, in one of the two ways. */
  batches(): AsyncIterable<ReceivedBatch<T>>;
  /** Ends it; what was not acknowledged comes again, if the broker keeps it. */
  close(): Promise<void>;
}
