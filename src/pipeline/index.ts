/*
 * A pipeline as plain data, and as functions. Read `pipeline.ts` and `stage.ts` first, then `vertex.ts`: what the steps of `build/` write
 * down. `compile/` fuses the stages between two boundaries into a `Fragment`, which the engine runs over a batch; `codec/` turns state into
 * bytes, `aggregates/` has what `rollingAggregate` takes, `samples/` has sources and sinks for tests and first steps, `time/` how far event time has come. The engine imports it; it knows no engine.
 */
export type { AggregateBuilder, AggregateStart } from './aggregates/aggregate-builder.js';
export type { AggregateOperation } from './aggregates/aggregate-operation.js';
export { AggregateOperations } from './aggregates/aggregate-operations.js';
export type { AllOfState } from './aggregates/all-of.js';
export type { BestState } from './aggregates/best.js';
export type { DistinctState } from './aggregates/collections.js';
export type { EndState } from './aggregates/ends.js';
export type { Comparable } from './aggregates/given-values.js';
export type { TrendState } from './aggregates/linear-trend.js';
export type { SketchState } from './aggregates/sketch.js';
export type { AverageState, SumState } from './aggregates/sums.js';
export { StateCodecs, type StructuredCloneOptions } from './codec/state-codecs.js';
export type { MapAsyncOptions } from './map-async-options.js';
export { Pipeline } from './pipeline.js';
export { Sinks } from './samples/sinks.js';
export { TestSources } from './samples/test-sources.js';
export type { AsyncServiceOptions, ServiceOptions } from './service-options.js';
export type { KeyedStage, KeyedWindowedStage, SinkStage, SourceStage, Stage, WindowedStage } from './stage.js';
export type { StageOptions } from './stage-options.js';
export type { StateKey } from './stage-state.js';
export type { StateCodec } from './state-codec.js';
export type {
  ClockOptions,
  Entry,
  ForgetOptions,
  KeptItemOptions,
  StateOptions,
  TimerOptions,
} from './state-options.js';
export type { TableEntries } from './tables/load-rows.js';
export { type LoadedTableOptions, type ReloadableTable, Tables } from './tables/tables.js';
export type { ClockKind } from './timers/stage-clock.js';
export type { Timer, Timers } from './timers/timers.js';
export type { IngestionOptions, TimestampOptions } from './timestamp-options.js';
export type {
  Edge,
  PipelineGraph,
  RouteWork,
  StatefulOperation,
  StatefulWork,
  TimedWork,
  TimestampsWork,
  Vertex,
  VertexWork,
  WindowOperation,
} from './vertex.js';
export type { SessionizeOptions, WindowOptions } from './window-options.js';
export type { BothSides } from './windows/by-side.js';
export { WindowDefinition, type WindowShape } from './windows/window-definition.js';
export type { KeyedWindowResult, WindowResult } from './windows/window-result.js';
