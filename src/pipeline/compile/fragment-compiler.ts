import { present } from '../../internal/present.js';
import { isThenable, promiseError, refusePromise } from '../../internal/refuse-promise.js';
import type { StateKey } from '../stage-state.js';
import type { EventTimes } from '../time/event-times.js';
import type { PendingTimes } from '../time/pending-times.js';
import { needsTime } from '../time/time-roots.js';
import type { DueTimer, StageTimers } from '../timers/stage-timers.js';
import type { Edge, PipelineGraph, StatefulWork, Vertex } from '../vertex.js';
import type { WindowResult } from '../windows/window-result.js';
import { callTimersOf, type StageSurroundings } from './call-timers-of.js';
import { checkKey } from './check-key.js';
import { compileArrival, compileRoute } from './compile-exchange.js';
import { compileTimed, compileUntimed, type StatefulSteps } from './compile-timed.js';
import { compileTimestamps } from './compile-timestamps.js';
import { createCursor } from './cursor.js';
import type { Outlet, Target } from './fragment.js';
import { iteratorOf } from './iterator-of.js';
import type { KeyedParts, KeyedStep } from './keyed-parts.js';
import type { ServicePlan } from './pipeline-plan.js';
import { statefulStage } from './stateful-stages.js';

export type Step = (item: unknown) => void;

/** Which boundary a vertex is, if it is one. */
export type TargetOf = (vertex: Vertex) => Target | undefined;

export interface FragmentSurroundings extends StageSurroundings {
  /** Undefined for a vertex that belongs to the fragment itself. */
  readonly targetOf: TargetOf;
  /** Not taken back with what an input did. */
  readonly dueOf: (vertex: Vertex, work: StatefulWork) => Pick<StageTimers, 'isFirst' | 'clear'>;
  /** The same of timers of early results. */
  readonly earlyDueOf: FragmentSurroundings['dueOf'];
  /** Undefined in a pipeline without timestamps. */
  readonly times: EventTimes | undefined;
  /** That of a stage which uses one. */
  readonly serviceOf: (vertex: Vertex) => Pick<ServicePlan, 'current'>;
}

/**
 * Makes one closure for each stage; they share a cursor.
 *
 * FC1. A step sets `stage` and `item` of the cursor before it calls a function of the user's, and anew when it comes back to one from what
 *      stands behind it: what is thrown is told by them, and `onError` is asked of the right stage.
 * FC2. Each step that leads to several others looks at `rest` behind each: where it is not empty the run is paused, and what is left to do
 *      is put behind what the inner steps have left.
 * FC3. A function that gives a promise where none is awaited is refused at its first item: its result would be a promise in the outlets.
 */
export class FragmentCompiler {
  readonly cursor = createCursor();
  readonly outlets: Outlet[] = [];
  readonly #graph: PipelineGraph;
  readonly #around: FragmentSurroundings;
  readonly #steps = new Map<number, Step>();
  readonly #keyedSteps = new Map<number, KeyedStep>();

  constructor(graph: PipelineGraph, around: FragmentSurroundings) {
    this.#graph = graph;
    this.#around = around;
  }

  /** The step that inputs begin with. */
  entry(id: number): Step {
    const next = this.fanOut(id);
    const { cursor } = this;
    const pending = this.#pendingOf(this.#graph.vertices[id]);
    if (pending === undefined) return next;
    return (item) => {
      const time = present(cursor.times.items[cursor.index], TIME);
      pending.begin(time);
      cursor.timestamp = time.timestamp;
      next(item);
    };
  }

  /** One step that hands an item to every consumer of a vertex, in the order of building. */
  fanOut(vertex: number): Step {
    return this.#toAll(this.#graph.edges.filter(({ from, late }) => from === vertex && late === undefined));
  }

  #toAll(edges: readonly Edge[]): Step {
    const steps = edges.map((edge) => this.#step(edge.to));
    const [first, second, ...rest] = steps;
    if (first === undefined) return () => {};
    if (second === undefined) return first;
    const all = [first, second, ...rest];
    const { cursor } = this;
    const from = (start: number, item: unknown): void => {
      for (let index = start; index < all.length; index += 1) {
        all[index]?.(item);
        if (cursor.rest.length > 0) return void cursor.rest.push(() => from(index + 1, item));
      }
    };
    return (item) => from(0, item);
  }

  /** A vertex that two branches lead to is compiled once, so its outlet keeps their common order. */
  #step(id: number): Step {
    const known = this.#steps.get(id);
    if (known !== undefined) return known;
    const vertex = this.#graph.vertices[id];
    const step = vertex === undefined ? () => {} : this.#compile(vertex);
    this.#steps.set(id, step);
    return step;
  }

  #compile(vertex: Vertex): Step {
    const target = this.#around.targetOf(vertex);
    if (target !== undefined) return this.#outlet(target, this.#pendingOf(vertex));
    const { cursor } = this;
    const { work } = vertex;
    if (work.kind === 'groupingKey') return this.#grouping(vertex, (item) => work.keyOf(item));
    const next = this.fanOut(vertex.id);
    switch (work.kind) {
      case 'map':
        return (item) => {
          cursor.stage = vertex;
          cursor.item = item;
          const made = work.apply(item);
          if (isThenable(made)) throw promiseError(made);
          next(made);
        };
      case 'mapUsingService': {
        const service = this.#around.serviceOf(vertex);
        return (item) => {
          cursor.stage = vertex;
          cursor.item = item;
          const made = work.apply(service.current, item);
          if (isThenable(made)) throw promiseError(made);
          next(made);
        };
      }
      case 'filter':
        return (item) => {
          cursor.stage = vertex;
          cursor.item = item;
          const kept = work.apply(item);
          if (isThenable(kept)) throw promiseError(kept);
          if (kept) next(item);
        };
      case 'peek':
        return (item) => {
          cursor.stage = vertex;
          cursor.item = item;
          refusePromise(work.observe(item));
          next(item);
        };
      case 'timestamps':
        return compileTimestamps({ vertex, work, watermark: this.#times().sourceOf(vertex), cursor, next });
      case 'route':
        return compileRoute({ vertex, work, departure: this.#times().departureOf(vertex), cursor, next });
      case 'arrival':
        return compileArrival({ senders: this.#times().sendersOf(vertex), cursor, next });
      case 'flatMap':
        return this.#flatMap(vertex, (item) => work.apply(item), next);
      default:
        return next;
    }
  }

  #flatMap(vertex: Vertex, apply: (item: unknown) => Iterable<unknown>, next: Step): Step {
    const { cursor } = this;
    const drain = (iterator: Iterator<unknown>, of: unknown): void => {
      cursor.stage = vertex;
      cursor.item = of;
      for (let one = iterator.next(); one.done !== true; one = iterator.next()) {
        cursor.left -= 1;
        passOn(iterator, one.value);
        if (cursor.rest.length > 0 || cursor.left <= 0) return void cursor.rest.push(() => drain(iterator, of));
        cursor.stage = vertex;
        cursor.item = of;
      }
    };
    /** What stands behind is told that it need not come to its end, as `for … of` tells it. */
    const passOn = (iterator: Iterator<unknown>, item: unknown): void => {
      try {
        if (isThenable(item)) throw promiseError(item, 'what it gave');
        next(item);
      } catch (error) {
        closeQuietly(iterator);
        throw error;
      }
    };
    return (item) => {
      cursor.stage = vertex;
      cursor.item = item;
      drain(iteratorOf(apply(item)), item);
    };
  }

  /** Behind a grouping, and what it is merged into, there are only stages with state: each is given the key, which is made once. */
  #grouping(vertex: Vertex, keyOf: (item: unknown) => unknown): Step {
    const { cursor } = this;
    const steps = this.#keyedBehind(vertex.id);
    const from = (start: number, key: StateKey, item: unknown): void => {
      for (let index = start; index < steps.length; index += 1) {
        steps[index]?.(key, item);
        if (cursor.rest.length > 0) return void cursor.rest.push(() => from(index + 1, key, item));
      }
    };
    return (item) => {
      cursor.stage = vertex;
      cursor.item = item;
      from(0, checkKey(keyOf(item)), item);
    };
  }

  #keyedBehind(id: number): readonly KeyedStep[] {
    return this.#graph.edges
      .filter(({ from }) => from === id)
      .flatMap(({ to, side }) => {
        const vertex = this.#graph.vertices[to];
        if (vertex?.work.kind === 'merge') return this.#keyedBehind(to);
        if (vertex?.work.kind !== 'stateful') return [];
        // compiled once, whatever leads to it: there is one way back for what an input does to its state
        const step = this.#keyedSteps.get(to) ?? this.#stateful(vertex, vertex.work);
        this.#keyedSteps.set(to, step);
        return side === undefined ? step : (key: StateKey, item: unknown) => step(key, item, side);
      });
  }

  #stateful(vertex: Vertex, work: StatefulWork): KeyedStep {
    const { cursor } = this;
    const step =
      work.timed === undefined ? this.#untimed(vertex, work) : this.#timed(vertex, work, this.#around.dueOf).onItem;
    return (key, item, side) => {
      cursor.stage = vertex;
      cursor.item = item;
      cursor.key = key;
      cursor.touched = cursor.index;
      step(key, item, side);
    };
  }

  /** What the due timers of a stage are run through: each is an input. @param early whether they are those of early results */
  timerEntry(vertex: Vertex, early: boolean): Step {
    if (vertex.work.kind !== 'stateful') return () => {};
    const { cursor } = this;
    const { dueOf, earlyDueOf, times } = this.#around;
    const { onDue } = this.#timed(vertex, vertex.work, early ? earlyDueOf : dueOf);
    const timeOf = this.#timeOfTimers(vertex);
    const firing = early ? undefined : times?.timersOf(vertex);
    return (item) => {
      // what the timers of the stage have given as due
      const due = item as DueTimer;
      cursor.stage = vertex;
      cursor.item = { name: due.name, at: due.at };
      cursor.key = due.key;
      cursor.touched = cursor.index;
      cursor.timestamp = timeOf(due);
      firing?.begin(due.at);
      onDue(due);
    };
  }

  /** What timers make has the time of the timer; where that goes by another clock, that of the stream, which is never late. */
  #timeOfTimers(vertex: Vertex): (due: DueTimer) => number {
    if (needsTime(vertex)) return ({ at }) => at;
    const stream = this.#around.times?.streamOf(vertex);
    if (stream === undefined) return () => Number.NaN;
    return ({ at }) => (stream.watermark === Number.NEGATIVE_INFINITY ? at : stream.watermark);
  }

  #untimed(vertex: Vertex, work: StatefulWork): KeyedStep {
    return compileUntimed(work, this.#parts(vertex, work, undefined));
  }

  #timed(vertex: Vertex, work: StatefulWork, dueOf: FragmentSurroundings['dueOf']): StatefulSteps {
    const { keeper, clockOf } = this.#around;
    const timers = keeper.timersOf(statefulStage(vertex.name, work));
    const has = 'onTimer' in work.operation && work.operation.onTimer !== undefined;
    const parts = this.#parts(vertex, work, has ? timers : undefined);
    return compileTimed(work, parts, { clock: clockOf(vertex), timers, due: dueOf(vertex, work) });
  }

  #parts(vertex: Vertex, work: StatefulWork, timers: StageTimers | undefined): KeyedParts {
    const state = this.#around.keeper.stateOf(statefulStage(vertex.name, work));
    const isWindow = work.operation.kind === 'window';
    const calls = callTimersOf(vertex, work, timers, this.#around);
    const late = this.#toAll(this.#graph.edges.filter((edge) => edge.from === vertex.id && edge.late === true));
    const behind = this.fanOut(vertex.id);
    const next = isWindow && needsTime(vertex) ? this.#inWindow(behind) : behind;
    return { state, calls, next, emit: this.#emit(next), cursor: this.cursor, late };
  }

  /** The result of a window has the last moment of it as its time. */
  #inWindow(next: Step): Step {
    const { cursor } = this;
    return (result) => {
      const { timestamp } = cursor;
      // only results of windows come here
      cursor.timestamp = (result as WindowResult<unknown>).end - 1;
      next(result);
      const putBack = (): void => {
        cursor.timestamp = timestamp;
      };
      if (cursor.rest.length > 0) cursor.rest.push(putBack);
      else putBack();
    };
  }

  /** No function of the stage is called between two of them, so there is nothing of the cursor to set anew. */
  #emit(next: Step): KeyedParts['emit'] {
    const { cursor } = this;
    const from = (start: number, items: readonly unknown[]): void => {
      for (let index = start; index < items.length; index += 1) {
        cursor.left -= 1;
        next(items[index]);
        if (cursor.rest.length > 0 || cursor.left <= 0) return void cursor.rest.push(() => from(index + 1, items));
      }
    };
    return (items) => from(0, items);
  }

  #outlet(target: Target, pending: PendingTimes | undefined): Step {
    const outlet: Outlet = { target, items: [], origins: [], times: [], pending };
    this.outlets.push(outlet);
    const { cursor } = this;
    const push: Step = (item) => {
      outlet.items.push(item);
      cursor.produced += 1;
    };
    if (target.kind === 'sink') return push;
    const pushOrigin: Step = (item) => {
      push(item);
      outlet.origins.push(cursor.index);
    };
    if (pending === undefined) return pushOrigin;
    return (item) => {
      pushOrigin(item);
      outlet.times.push(pending.arrive(cursor.timestamp));
    };
  }

  /** Undefined for what is no mapAsync stage whose items have a time. */
  #pendingOf(vertex: Vertex | undefined): PendingTimes | undefined {
    return vertex?.work.kind === 'mapAsync' ? this.#around.times?.pendingOf(vertex) : undefined;
  }

  #times(): EventTimes {
    return present(this.#around.times, TIMES);
  }
}

const TIME = 'a result whose item has a time comes with it';
const TIMES = 'a pipeline with timestamps has event time';

/** What an iterator throws at its end is not why it came to it. */
const closeQuietly = (iterator: Iterator<unknown>): void => {
  try {
    iterator.return?.();
  } catch {
    // as said above
  }
};
