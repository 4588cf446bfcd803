import type { SourceDefinition } from '../connector/source.js';
import type { AnySink } from './any-sink.js';

/** Whether items get a time: `ingestion` keeps the wall clock of their arrival in the batch, for windows to come. */
export type Timestamps = 'none' | 'ingestion';

/**
 * What a vertex does. User functions are held as methods of `unknown`: the types of the stages have already checked that
 * each function gets what the one before it gives, and method parameters compare both ways, so no cast is needed.
 */
export type VertexWork =
  | { readonly kind: 'source'; readonly source: SourceDefinition<unknown>; readonly timestamps: Timestamps }
  | { readonly kind: 'map'; apply(item: unknown): unknown }
  | { readonly kind: 'filter'; apply(item: unknown): boolean }
  | { readonly kind: 'flatMap'; apply(item: unknown): Iterable<unknown> }
  | { readonly kind: 'peek'; observe(item: unknown): void }
  | {
      readonly kind: 'mapAsync';
      readonly maxConcurrency: number;
      call(item: unknown, signal: AbortSignal): PromiseLike<unknown> | unknown;
    }
  | { readonly kind: 'merge' }
  | { readonly kind: 'sink'; readonly sink: AnySink };

/** One node of a pipeline. `id` is its index in the graph. */
export interface Vertex {
  readonly id: number;
  readonly name: string;
  readonly work: VertexWork;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
}

/** A pipeline as plain data. Vertices stand in the order of building, so every edge leads from a lower id to a higher one. */
export interface PipelineGraph {
  readonly vertices: readonly Vertex[];
  readonly edges: readonly Edge[];
}
