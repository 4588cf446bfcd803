import type { OutboxSender, Prepared, PreparedRow, RestoreOutbox } from '../connector/durable-sink.js';
import type { OpenContext } from '../connector/open-context.js';
import type { SinkDefinition } from '../connector/sink.js';
import type { SinkProgress } from '../connector/sink-writer.js';

/** A sink writer whose item type is forgotten. The rules, and what each member is, are those of `SinkWriter`. */
export interface AnySinkWriter {
  /** The stages have checked that the sink takes them. */
  write(items: readonly unknown[]): number;
  /** Lets out what was taken. */
  flush(): void;
  /** What has become of the items that were taken. */
  progress(): SinkProgress;
  /** Wakes the engine: there is room, or progress. */
  ready(): Promise<void>;
  /** May be called at any time, twice too. */
  close(): Promise<void>;
}

/** A durable sink writer whose item type is forgotten. The rules, and what each member is, are those of `DurableSinkWriter`. */
export interface AnyDurableSinkWriter {
  /** Resolves when its destination was reached first. Absent: it is open when it is given. */
  readonly opened?: Promise<void>;
  /** The same ones for as long as it is open. */
  readonly outboxes: readonly OutboxSender[];
  /** The stages have checked that the sink takes them. */
  prepare(items: readonly unknown[]): Prepared;
  /** Rows behind all others, when nothing will come any more. Absent: none. */
  end?(): readonly PreparedRow[];
  /** Lets out what may go. */
  flush(): void;
  /** Wakes the engine: there is room, or something to commit. */
  ready(): Promise<void>;
  /** May be called at any time, twice too. */
  close(): Promise<void>;
}

/** A sink whose item type is forgotten: the stage that writes to it has checked it. Every `SinkDefinition` is one. */
export interface AnySink extends Omit<SinkDefinition<never>, 'createWriter' | 'createDurableWriter'> {
  /** For a job without a store. */
  createWriter(context: OpenContext): Promise<AnySinkWriter>;
  /** For a job with one. Absent: the engine puts an outbox in front of `createWriter`. */
  createDurableWriter?(context: OpenContext, restore: RestoreOutbox): Promise<AnyDurableSinkWriter>;
}
