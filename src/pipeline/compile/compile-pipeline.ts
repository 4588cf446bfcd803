import { present } from '../../internal/present.js';
import type { StageState, StateOf } from '../stage-state.js';
import type { PipelineGraph, Vertex, VertexWork } from '../vertex.js';
import { compileFragment } from './compile-fragment.js';
import type { TargetOf } from './fragment-compiler.js';
import { memoryStateOf } from './memory-state.js';
import type {
  AsyncStagePlan,
  Downstream,
  PipelinePlan,
  ServicePlan,
  SinkPlan,
  SourcePlan,
  StageErrors,
} from './pipeline-plan.js';
import { onErrorOf } from './stage-errors.js';
import { statefulStages } from './stateful-stages.js';

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
  readonly #stateOf: StateOf;
  readonly #stageErrors: readonly StageErrors[];
  /** By the id of their stage. */
  readonly #services: ReadonlyMap<number, ServicePlan>;

  constructor(graph: PipelineGraph, stateOf: StateOf) {
    this.#graph = graph;
    this.#stateOf = onceForEach(stateOf);
    this.#sinkIds = idsOf(graph, 'sink');
    this.#asyncIds = idsOf(graph, 'mapAsync');
    this.#services = servicesOf(graph);
    this.#stageErrors = graph.vertices.flatMap((vertex) => {
      const onError = onErrorOf(vertex);
      return onError === 'fail' ? [] : [{ vertex: vertex.id, onError }];
    });
  }

  compile(): PipelinePlan {
    const sources: SourcePlan[] = [];
    const asyncStages: AsyncStagePlan[] = [];
    const sinks: SinkPlan[] = [];
    for (const { id, name, work } of this.#graph.vertices) {
      if (work.kind === 'sink') sinks.push({ name, sink: work.sink });
      if (work.kind === 'source') {
        sources.push({ name, source: work.source, ...this.#after(id) });
      }
      if (work.kind === 'mapAsync') {
        const service = this.#services.get(id);
        // a function may look at how many arguments it is given
        const call = (item: unknown, signal: AbortSignal) =>
          service === undefined ? work.call(item, signal) : work.call(item, signal, service.current);
        const { maxConcurrency, codec, retry, timeoutMs } = work;
        asyncStages.push({ vertex: id, name, maxConcurrency, codec, retry, timeoutMs, call, ...this.#after(id) });
      }
    }
    const services = [...this.#services.values()];
    const stateful = statefulStages(this.#graph);
    return { sources, asyncStages, sinks, stateful, services, stageErrors: this.#stageErrors };
  }

  #after(id: number): Pick<SourcePlan, 'fragment' | 'downstream'> {
    return {
      fragment: compileFragment(this.#graph, id, {
        targetOf: this.#targetOf,
        stateOf: this.#stateOf,
        serviceOf: (vertex) => present(this.#services.get(vertex.id), SERVICE),
      }),
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
    // its own, too: the letters of its calls
    const stages = this.#stageErrors.flatMap(({ vertex }) => (vertex === id || reached.has(vertex) ? [vertex] : []));
    return { sinks: indexes(this.#sinkIds), asyncStages: indexes(this.#asyncIds), stages };
  }
}

const SERVICE = 'a stage that uses a service has one in the plan';

const servicesOf = ({ vertices }: PipelineGraph): ReadonlyMap<number, ServicePlan> =>
  new Map(
    vertices.flatMap(({ id, name, work }) => {
      const service = 'service' in work ? work.service : undefined;
      if (service === undefined) return [];
      const { retry } = service;
      const create: ServicePlan['create'] = (context) => service.create(context);
      const destroy: ServicePlan['destroy'] = (made) => service.destroy(made);
      return [[id, { name, retry, create, destroy, current: undefined }] as const];
    }),
  );

/** Two sources may lead to one stage: its state is one and the same in both of their fragments. */
const onceForEach = (stateOf: StateOf): StateOf => {
  const known = new Map<string, StageState>();
  return (stage) => {
    const state = known.get(stage.name) ?? stateOf(stage);
    known.set(stage.name, state);
    return state;
  };
};

/**
 * Compiles a checked graph for one run. Pure: opens nothing and calls no user function. Without `stateOf` the stages keep their
 * state in memory, as long as the plan.
 */
export const compilePipeline = (graph: PipelineGraph, stateOf: StateOf = memoryStateOf): PipelinePlan =>
  new PipelineCompiler(graph, stateOf).compile();
