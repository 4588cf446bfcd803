/*
 * What a source and a sink are to an engine, and the builders of those of one's own: `millrace/connector`. Read `source-reader.ts` and
 * `sink-writer.ts` first: their rules are the two contracts; `durable-sink.ts` has the one of a sink in a job with a store. `guards/`
 * checks the rules at the door, `testing/` asks all of them, `builder/` makes sources and sinks of a few functions, `standalone/` drives
 * one without an engine, `outbox/` one that knows of no store, `retry/` says what is tried again and when, `tables/` what a stage
 * looks up. It imports no MQTT; sources, sinks, pipeline and engine import it.
 */
export type { DurableRecord } from '../internal/durable-record.js';
export { type ReceiveBatchOptions, SinkBuilder, type SinkBuilderStep } from './builder/sink-builder.js';
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
export { type FailedItem, letterOfItem } from './letter-of-item.js';
export { LowWaterMark, type MarkEntry } from './low-water-mark.js';
export type { OpenContext, PartitionOf } from './open-context.js';
export type { ProcessingGuarantee } from './processing-guarantee.js';
export { type ClassifyErrorFn, classifyError, type ErrorClass } from './retry/classify-error.js';
export { IntervalFunctions } from './retry/interval-functions.js';
export { RetryStrategies, type RetryStrategyBuilder } from './retry/retry-strategies.js';
export type { IntervalFunction, RetryStrategy } from './retry/retry-strategy.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './schema/standard-schema.js';
export type { OnError, Sink, SinkDefinition } from './sink.js';
export type { RejectedItem, SinkProgress, SinkWriter } from './sink-writer.js';
export type { Deduplication, Source, SourceDefinition } from './source.js';
export type { Polled, RejectedInput, SourceReader, SourceSnapshot } from './source-reader.js';
export type { OpenOptions } from './standalone/open-options.js';
export type { OpenSink } from './standalone/open-sink.js';
export type { OpenSource, Received, ReceivedBatch } from './standalone/open-source.js';
export type { OpenTable, Table, TableKey } from './tables/table.js';
