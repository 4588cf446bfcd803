import type { MillraceError } from '../errors/millrace-error.js';
import type { DeadLetter } from './dead-letter.js';
import type { DurableSinkWriter, RestoreOutbox } from './durable-sink.js';
import type { OpenContext, PartitionOf } from './open-context.js';
import type { ProcessingGuarantee } from './processing-guarantee.js';
import type { SinkWriter } from './sink-writer.js';
import type { OpenOptions } from './standalone/open-options.js';
import type { OpenSink } from './standalone/open-sink.js';

/** A sink as plain data: nothing is opened before `createWriter`. */
export interface SinkDefinition<in T> {
  /** Names it in errors, metrics and the store, unless its stage was given a name. */
  readonly name: string;
  /** As in SourceDefinition. */
  readonly claims: readonly string[];
  /** As in SourceDefinition. */
  readonly claimScope?: 'job' | 'engine' | undefined;
  /** As in SourceDefinition. */
  claimsOf?(partition: PartitionOf): readonly string[];
  /** As in SourceDefinition. */
  refuse(guarantee: ProcessingGuarantee): MillraceError | undefined;
  /** What happens to rejected items. */
  readonly onError: OnError;
  /** As in SourceDefinition. */
  load?(): Promise<unknown>;
  /**
   * Of a sink for dead letters that appends them to a file as `DeadLetters.file` does: its path, so that whoever shows the job can list
   * them. Default: none.
   */
  readonly letterFile?: string | undefined;
  /** Resolves when items can be delivered (an MQTT sink: when all its clients are connected). */
  createWriter(context: OpenContext): Promise<SinkWriter<T>>;
  /**
   * The same for a job with a store; it may resolve before items can be delivered, when the writer's `opened` tells that. A sink without
   * it is driven by `createWriter` behind an outbox of the engine's making: it gets its items after their commit, at least once.
   */
  createDurableWriter?(context: OpenContext, restore: RestoreOutbox): Promise<DurableSinkWriter<T>>;
}

/** What `MqttSinks`, `Sinks` and `SinkBuilder` build. */
export interface Sink<in T> extends SinkDefinition<T> {
  /** Opens it without an engine. */
  open(options?: OpenOptions): Promise<OpenSink<T>>;
}

/**
 * What happens to an item that cannot be processed: the job fails (default), it is counted and skipped, or it goes to a dead-letter sink
 * before its input is acknowledged.
 */
export type OnError = 'fail' | 'skip' | { readonly deadLetter: Sink<DeadLetter> };

/** Whether a value from JavaScript is one. */
export const isOnError = (value: unknown): boolean =>
  value === 'fail' || value === 'skip' || (isObject(value) && 'deadLetter' in value && isSink(value.deadLetter));

/** A builder of one is none. */
const isSink = (value: unknown): boolean =>
  isObject(value) && 'createWriter' in value && typeof value.createWriter === 'function';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
