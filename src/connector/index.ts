export type { DurableRecord } from '../internal/durable-record.js';
export { SinkBuilder, type SinkBuilderStep } from './builder/sink-builder.js';
export type { BatchBuffer, SourceBuffer } from './builder/source-buffer.js';
export { SourceBuilder, type SourceBuilderStep } from './builder/source-builder.js';
export type { DeadLetter } from './dead-letter.js';
export { defineSink } from './define-sink.js';
export { defineSource } from './define-source.js';
export type { DurableContext } from './durable-context.js';
export type {
  CommitUrgency,
  DurableSinkWriter,
  OutboxRow,
  OutboxSender,
  OutboxSnapshot,
  Prepared,
  PreparedRow,
  RefusedRow,
  RestoredOutbox,
  RestoreOutbox,
} from './durable-sink.js';
export { LowWaterMark, type MarkEntry } from './low-water-mark.js';
export type { OnError } from './on-error.js';
export type { OpenSink, Sink } from './open-sink.js';
export type { OpenOptions, OpenSource, Received, ReceivedBatch, Source } from './open-source.js';
export type { ProcessingGuarantee } from './processing-guarantee.js';
export type { RejectedItem, SinkDefinition, SinkProgress, SinkWriter } from './sink.js';
export type {
  Deduplication,
  OpenContext,
  Polled,
  RejectedInput,
  SourceDefinition,
  SourceReader,
  SourceSnapshot,
} from './source.js';
