import type { OutboxSender, Prepared, RestoreOutbox } from '../connector/durable-sink.js';
import type { OpenContext } from '../connector/open-context.js';
import type { SinkDefinition } from '../connector/sink.js';
import type { SinkProgress } from '../connector/sink-writer.js';

/** A sink writer whose item type is forgotten. The rules, and what each member is, are those of `SinkWriter`. */
export interface AnySinkWriter {
  /** The stages have checked that the sink takes them. */
  write(items: readonly unknown[]): number;
  flush(): void;
  progress(): SinkProgress;
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** A durable sink writer whose item type is forgotten. The rules, and what each member is, are those of `DurableSinkWriter`. */
export interface AnyDurableSinkWriter {
  readonly opened?: Promise<void>;
  readonly outboxes: readonly OutboxSender[];
  /** The stages have checked that the sink takes them. */
  prepare(items: readonly unknown[]): Prepared;
  flush(): void;
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** A sink whose item type is forgotten: the stage that writes to it has checked it. Every `SinkDefinition` is one. */
export interface AnySink extends Omit<SinkDefinition<never>, 'createWriter' | 'createDurableWriter'> {
  createWriter(context: OpenContext): Promise<AnySinkWriter>;
  createDurableWriter?(context: OpenContext, restore: RestoreOutbox): Promise<AnyDurableSinkWriter>;
}
