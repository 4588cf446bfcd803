import type { SourceDefinition } from '../connector/source.js';
import { checkGraph } from './build/check-graph.js';
import { GraphBuilder } from './build/graph-builder.js';
import { registerStage, StageHandle } from './build/stage-handle.js';
import type { SourceStage, Stage } from './stage.js';
import type { PipelineGraph, Timestamps } from './vertex.js';

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

  /** Adds a source. Its stage can be used straight on, or after the choice of timestamps. */
  readFrom<T>(source: SourceDefinition<T>): SourceStage<T> {
    const id = this.#graph.add({ kind: 'source', source, timestamps: 'none' }, [], source.name);
    const stamp = (timestamps: Timestamps): Stage<T> => {
      this.#graph.replace(id, { kind: 'source', source, timestamps });
      return stage;
    };
    const stage: SourceStage<T> = Object.assign(new StageHandle<T>(this.#graph, id), {
      withoutTimestamps: () => stamp('none'),
      withIngestionTimestamps: () => stamp('ingestion'),
    });
    return registerStage(stage, this.#graph, id);
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
}
