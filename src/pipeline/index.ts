export { Pipeline } from './pipeline.js';
export { Sinks } from './sinks.js';
export type { MapAsyncOptions, SinkStage, SourceStage, Stage } from './stage.js';
export { TestSources } from './test-sources.js';
export type { Edge, PipelineGraph, Timestamps, Vertex, VertexWork } from './vertex.js';
