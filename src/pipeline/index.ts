/*
 * A pipeline as plain data, and as functions. Read `pipeline.ts` and `stage.ts` first, then `vertex.ts`: what the steps of `build/` write
 * down. `compile/` fuses the stages between two boundaries into a `Fragment`, which the engine runs over a batch; `codec/` turns state into
 * bytes, `samples/` has sources and sinks for tests and first steps. The engine imports it; it knows no engine.
 */
export type { AggregateOperation } from './aggregate-operation.js';
export {
  AggregateOperations,
  type AverageState,
  type BestState,
  type Comparable,
  type SumState,
} from './aggregate-operations.js';
export { StateCodecs, type StructuredCloneOptions } from './codec/state-codecs.js';
export type { MapAsyncOptions } from './map-async-options.js';
export { Pipeline } from './pipeline.js';
export { Sinks } from './samples/sinks.js';
export { TestSources } from './samples/test-sources.js';
export type { AsyncServiceOptions, ServiceOptions } from './service-options.js';
export type { KeyedStage, SinkStage, SourceStage, Stage } from './stage.js';
export type { StageOptions } from './stage-options.js';
export type { StateKey } from './stage-state.js';
export type { StateCodec } from './state-codec.js';
export type { Entry, StateOptions } from './state-options.js';
export type {
  Edge,
  PipelineGraph,
  StatefulOperation,
  StatefulWork,
  Vertex,
  VertexWork,
} from './vertex.js';
