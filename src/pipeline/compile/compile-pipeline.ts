import { present } from '../../internal/present.js';
import type { StageKeeper } from '../stage-keeper.js';
import type { StatefulStage } from '../stage-state.js';
import { EventTimes, type EventTimesOptions } from '../time/event-times.js';
import type { SourceWatermark } from '../time/source-watermark.js';
import { needsTime } from '../time/time-roots.js';
import type { StreamTime } from '../time/time-source.js';
import type { StageClock } from '../timers/stage-clock.js';
import type { StageTimers } from '../timers/stage-timers.js';
import type { PipelineGraph, StatefulWork, TimedWork, Vertex, VertexWork } from '../vertex.js';
import { onErrorOf } from './failure/stage-errors.js';
import { compileFragment, compileTimerFragment } from './fragment/compile-fragment.js';
import type { FragmentSurroundings, TargetOf } from './fragment/fragment-surroundings.js';
import { statefulStage, statefulStages } from './keyed/stateful-stages.js';
import { MEMORY_KEEPER } from './memory/memory-keeper.js';
import type {
  AsyncStagePlan,
  DeparturePlan,
  Downstream,
  KeyedStagePlan,
  PipelinePlan,
  ServicePlan,
  SinkPlan,
  SourcePlan,
  StageErrors,
  TimedStagePlan,
} from './pipeline-plan.js';
import { servicesOf } from './services/services-of.js';

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
  readonly #keeper: StageKeeper;
  readonly #processingClock = { now: 0 };
  readonly #stageErrors: readonly StageErrors[];
  readonly #times: EventTimes | undefined;
  /** By the id of their stage. */
  readonly #services: ReadonlyMap<number, ServicePlan>;

  constructor(graph: PipelineGraph, keeper: StageKeeper) {
    this.#graph = graph;
    this.#keeper = onceForEach(keeper);
    this.#sinkIds = idsOf(graph, 'sink');
    this.#asyncIds = idsOf(graph, 'mapAsync');
    this.#services = servicesOf(graph);
    const hasTime = graph.vertices.some(({ work }) => work.kind === 'timestamps' || work.kind === 'arrival');
    this.#times = hasTime ? new EventTimes({ graph, firstTimerOf: this.#firstTimerOf }) : undefined;
    this.#stageErrors = graph.vertices.flatMap((vertex) => {
      const onError = onErrorOf(vertex);
      return onError === 'fail' ? [] : [{ vertex: vertex.id, onError }];
    });
  }

  compile(): PipelinePlan {
    const sources: SourcePlan[] = [];
    const asyncStages: AsyncStagePlan[] = [];
    const timedStages: TimedStagePlan[] = [];
    const sinks: SinkPlan[] = [];
    for (const vertex of this.#graph.vertices) {
      const { id, name, work } = vertex;
      if (work.kind === 'stateful' && work.timed !== undefined)
        timedStages.push(...this.#timed(vertex, work, work.timed));
      if (work.kind === 'sink') sinks.push({ name, sink: work.sink });
      if (work.kind === 'source') {
        sources.push({ name, source: work.source, watermarks: this.#watermarksOf(id), ...this.#after(id) });
      }
      if (work.kind === 'mapAsync') {
        const service = this.#services.get(id);
        // a function may look at how many arguments it is given
        const call = (item: unknown, signal: AbortSignal) =>
          service === undefined ? work.call(item, signal) : work.call(item, signal, service.current);
        const { maxConcurrency, codec, retry, timeoutMs } = work;
        const pending = this.#times?.pendingOf(vertex);
        asyncStages.push({
          vertex: id,
          name,
          maxConcurrency,
          pending,
          codec,
          retry,
          timeoutMs,
          call,
          ...this.#after(id),
        });
      }
    }
    const services = [...this.#services.values()];
    const stateful = statefulStages(this.#graph);
    const processingClock = this.#processingClock;
    const stageErrors = this.#stageErrors;
    return {
      sources,
      asyncStages,
      timedStages,
      processingClock,
      sinks,
      stateful,
      keyedStages: this.#keyedStages(),
      services,
      times: this.#times,
      departures: this.#departures(),
      stageErrors,
    };
  }

  /** A stage with windows that tells early results is two of them: what ends windows is due first. */
  #timed(vertex: Vertex, work: StatefulWork, { clock: clockKind, early }: TimedWork): readonly TimedStagePlan[] {
    const { id, name } = vertex;
    const common = { vertex: id, name, fires: firesOf(work), downstream: this.#downstream(id) };
    const fragmentOf = (early: boolean) => compileTimerFragment(this.#graph, { entry: vertex, early }, this.#around);
    const timed: TimedStagePlan = {
      ...common,
      early: false,
      clockKind,
      clock: this.#clockOf(vertex),
      firing: this.#times?.timersOf(vertex),
      timers: this.#timersOf(vertex, work),
      fragment: fragmentOf(false),
    };
    if (early === undefined) return [timed];
    const machine = { clockKind: 'processing', clock: this.#processingClock, firing: undefined } as const;
    const timers = this.#keeper.earlyTimersOf(statefulStage(name, work));
    return [timed, { ...common, ...machine, early, timers, fragment: fragmentOf(true) }];
  }

  #after(id: number): Pick<SourcePlan, 'fragment' | 'downstream'> {
    return { fragment: compileFragment(this.#graph, id, this.#around), downstream: this.#downstream(id) };
  }

  get #around(): FragmentSurroundings {
    return {
      targetOf: this.#targetOf,
      keeper: this.#keeper,
      dueOf: (vertex, work) => this.#timersOf(vertex, work),
      earlyDueOf: ({ name }, work) => this.#keeper.earlyTimersOf(statefulStage(name, work)),
      processingClock: this.#processingClock,
      clockOf: (vertex) => this.#clockOf(vertex),
      times: this.#times,
      serviceOf: (vertex) => present(this.#services.get(vertex.id), SERVICE),
    };
  }

  #keyedStages(): readonly KeyedStagePlan[] {
    return this.#graph.vertices.flatMap(({ name, work }) => {
      if (work.kind !== 'stateful') return [];
      return [{ name, forgets: work.forgets, state: this.#keeper.stateOf(statefulStage(name, work)) }];
    });
  }

  #timersOf({ name }: Vertex, work: StatefulWork): StageTimers {
    return this.#keeper.timersOf(statefulStage(name, work));
  }

  readonly #firstTimerOf: EventTimesOptions['firstTimerOf'] = (vertex) => {
    const timers = vertex.work.kind === 'stateful' ? this.#timersOf(vertex, vertex.work) : undefined;
    return () => timers?.nextAt() ?? Number.POSITIVE_INFINITY;
  };

  #clockOf(vertex: Vertex): StageClock {
    return needsTime(vertex) ? present(this.#times, TIMES).clockOf(vertex) : this.#processingClock;
  }

  readonly #targetOf: TargetOf = ({ id, work }: Vertex) => {
    if (work.kind === 'sink') return { kind: 'sink', index: this.#sinkIds.indexOf(id) };
    if (work.kind === 'mapAsync') return { kind: 'async', index: this.#asyncIds.indexOf(id) };
    return undefined;
  };

  #departures(): readonly DeparturePlan[] {
    const { vertices, edges } = this.#graph;
    return vertices.flatMap((vertex) => {
      const { id, work } = vertex;
      const departure = work.kind === 'route' ? this.#times?.departureOf(vertex) : undefined;
      if (work.kind !== 'route' || departure === undefined) return [];
      const sink = this.#sinkIds.findIndex((one) => edges.some(({ from, to }) => from === id && to === one));
      return [{ departure, sink, routedTimes: (time: StreamTime) => work.routedTimes(time) }];
    });
  }

  #watermarksOf(source: number): readonly SourceWatermark[] {
    const { vertices, edges } = this.#graph;
    const behind = edges.filter(({ from }) => from === source).flatMap(({ to }) => vertices[to] ?? []);
    const timed = behind.filter(({ work }) => work.kind === 'timestamps');
    return timed.flatMap((vertex) => this.#times?.sourceOf(vertex) ?? []);
  }

  #downstream(id: number): Downstream {
    const reached = reachableFrom(this.#graph, id);
    const indexes = (ids: readonly number[]): number[] =>
      ids.flatMap((one, index) => (reached.has(one) ? [index] : []));
    // its own, too: the letters of its calls
    const stages = this.#stageErrors.flatMap(({ vertex }) => (vertex === id || reached.has(vertex) ? [vertex] : []));
    return { sinks: indexes(this.#sinkIds), asyncStages: indexes(this.#asyncIds), stages };
  }
}

const firesOf = ({ operation }: StatefulWork): TimedStagePlan['fires'] => {
  if (operation.kind !== 'window') return 'timers';
  return operation.keyed ? 'windows' : 'keyless windows';
};

const TIMES = 'a pipeline with timestamps has event time';
const SERVICE = 'a stage that uses a service has one in the plan';

/** Two sources may lead to one stage: its state is one and the same in both of their fragments. */
const onceForEach = (keeper: StageKeeper): StageKeeper => ({
  stateOf: onceBy((stage) => keeper.stateOf(stage)),
  timersOf: onceBy((stage) => keeper.timersOf(stage)),
  earlyTimersOf: onceBy((stage) => keeper.earlyTimersOf(stage)),
});

const onceBy = <R>(make: (stage: StatefulStage) => R): ((stage: StatefulStage) => R) => {
  const known = new Map<string, R>();
  return (stage) => {
    const made = known.get(stage.name) ?? make(stage);
    known.set(stage.name, made);
    return made;
  };
};

/**
 * Compiles a checked graph for one run. Pure: opens nothing and calls no user function. Without a `keeper` the stages keep their
 * state in memory, as long as the plan.
 */
export const compilePipeline = (graph: PipelineGraph, keeper: StageKeeper = MEMORY_KEEPER): PipelinePlan =>
  new PipelineCompiler(graph, keeper).compile();
