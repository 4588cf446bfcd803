export type { AggregateOperation } from './aggregate-operation.js';
export {
  AggregateOperations,
  type AverageState,
  type BestState,
  type Comparable,
  type SumState,
} from './aggregate-operations.js';
export { StateCodecs, type StructuredCloneOptions } from './codec/state-codecs.js';
export { Pipeline } from './pipeline.js';
export { Sinks } from './samples/sinks.js';
export { TestSources } from './samples/test-sources.js';
export type { KeyedStage, MapAsyncOptions, SinkStage, SourceStage, Stage } from './stage.js';
export type { StateKey } from './stage-state.js';
export type { StateCodec } from './state-codec.js';
export type { Entry, StateOptions } from './state-options.js';
export type {
  Edge,
  PipelineGraph,
  StatefulOperation,
  StatefulWork,
  Timestamps,
  Vertex,
  VertexWork,
} from './vertex.js';
