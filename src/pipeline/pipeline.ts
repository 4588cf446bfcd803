import type { SourceDefinition } from '../connector/source.js';
import { refuseMore } from '../internal/options/refuse-more.js';
import { checkGraph } from './build/check-graph.js';
import { checkSource } from './build/check-parts.js';
import { GraphBuilder } from './build/graph-builder.js';
import { sourceStage } from './build/source-stage.js';
import type { SourceStage } from './stage.js';
import type { PipelineGraph } from './vertex.js';

/**
 * What a job runs: sources, stages and sinks. It is plain data; nothing is opened and no function is called before a job runs
 * it, and any number of jobs may run the same one.
 *
 * ```ts
 * const pipeline = Pipeline.create();
 * pipeline
 *   .readFrom(TestSources.items(1, 2, 3))
 *   .map((n) => n * 2)
 *   .writeTo(Sinks.logger());
 * ```
 */
export class Pipeline {
  readonly #graph = new GraphBuilder();

  private constructor() {}

  /** Empty: `readFrom` begins each branch. */
  static create(): Pipeline {
    return new Pipeline();
  }

  /** Adds a source. */
  readFrom<T>(source: SourceDefinition<T>): SourceStage<T> {
    checkSource(source);
    const id = this.#graph.add({ kind: 'source', source }, [], source.name);
    return sourceStage<T>(this.#graph, id);
  }

  /**
   * The pipeline as data, checked.
   * @throws MillraceError INVALID_OPTIONS without a source, and for every stage whose items reach no sink
   */
  toGraph(): PipelineGraph {
    const graph = this.#graph.build();
    checkGraph(graph);
    return graph;
  }

  static {
    refuseMore('Pipeline', { create: 0 }, Pipeline);
    refuseMore('the pipeline', { readFrom: 1, toGraph: 0 }, Pipeline.prototype);
  }
}
