import { compileFragment, type TargetOf } from './compile-fragment.js';
import type { AsyncStagePlan, Downstream, PipelinePlan, SinkPlan, SourcePlan } from './pipeline-plan.js';
import type { PipelineGraph, Vertex, VertexWork } from './vertex.js';

type Kind = VertexWork['kind'];

const idsOf = (graph: PipelineGraph, kind: Kind): number[] =>
  graph.vertices.filter(({ work }) => work.kind === kind).map(({ id }) => id);

/** Every vertex that items of `from` may reach. Edges lead upwards, so one pass is enough. */
const reachableFrom = ({ edges }: PipelineGraph, from: number): ReadonlySet<number> => {
  const reached = new Set([from]);
  for (const edge of [...edges].sort((a, b) => a.from - b.from)) {
    if (reached.has(edge.from)) reached.add(edge.to);
  }
  reached.delete(from);
  return reached;
};

class PipelineCompiler {
  readonly #graph: PipelineGraph;
  readonly #sinkIds: readonly number[];
  readonly #asyncIds: readonly number[];

  constructor(graph: PipelineGraph) {
    this.#graph = graph;
    this.#sinkIds = idsOf(graph, 'sink');
    this.#asyncIds = idsOf(graph, 'mapAsync');
  }

  compile(): PipelinePlan {
    const plan: { sources: SourcePlan[]; asyncStages: AsyncStagePlan[]; sinks: SinkPlan[] } = {
      sources: [],
      asyncStages: [],
      sinks: [],
    };
    for (const { id, name, work } of this.#graph.vertices) {
      if (work.kind === 'sink') plan.sinks.push({ name, sink: work.sink });
      if (work.kind === 'source') {
        plan.sources.push({ name, source: work.source, timestamps: work.timestamps, ...this.#after(id) });
      }
      if (work.kind === 'mapAsync') {
        const call = (item: unknown, signal: AbortSignal) => work.call(item, signal);
        plan.asyncStages.push({ name, maxConcurrency: work.maxConcurrency, call, ...this.#after(id) });
      }
    }
    return plan;
  }

  #after(id: number): Pick<SourcePlan, 'fragment' | 'downstream'> {
    return {
      fragment: compileFragment(this.#graph, id, this.#targetOf),
      downstream: this.#downstream(id),
    };
  }

  readonly #targetOf: TargetOf = ({ id, work }: Vertex) => {
    if (work.kind === 'sink') return { kind: 'sink', index: this.#sinkIds.indexOf(id) };
    if (work.kind === 'mapAsync') return { kind: 'async', index: this.#asyncIds.indexOf(id) };
    return undefined;
  };

  #downstream(id: number): Downstream {
    const reached = reachableFrom(this.#graph, id);
    const indexes = (ids: readonly number[]): number[] =>
      ids.flatMap((one, index) => (reached.has(one) ? [index] : []));
    return { sinks: indexes(this.#sinkIds), asyncStages: indexes(this.#asyncIds) };
  }
}

/** Compiles a checked graph for one run. Pure: opens nothing and calls no user function. */
export const compilePipeline = (graph: PipelineGraph): PipelinePlan => new PipelineCompiler(graph).compile();
