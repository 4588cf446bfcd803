import { present } from '../../../internal/present.js';
import { isThenable, promiseError, refusePromise } from '../../../internal/refuse-promise.js';
import type { EventTimes } from '../../time/event-times.js';
import type { PendingTimes } from '../../time/pending-times.js';
import type { Edge, PipelineGraph, Vertex } from '../../vertex.js';
import type { Step } from '../keyed/keyed-parts.js';
import { KeyedSteps } from '../keyed/keyed-steps.js';
import { compileArrival, compileRoute } from '../steps/compile-exchange.js';
import { compileTimestamps } from '../steps/compile-timestamps.js';
import { createCursor } from '../steps/cursor.js';
import { iteratorOf } from '../steps/iterator-of.js';
import type { Outlet, Target } from './fragment.js';
import type { FragmentSurroundings } from './fragment-surroundings.js';

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
  /** Of the stages with state. */
  readonly keyed: KeyedSteps;

  constructor(graph: PipelineGraph, around: FragmentSurroundings) {
    this.#graph = graph;
    this.#around = around;
    this.keyed = new KeyedSteps(graph, around, this);
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

  /** The same with what comes too late for a window. */
  lateOut(vertex: number): Step {
    return this.#toAll(this.#graph.edges.filter(({ from, late }) => from === vertex && late === true));
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
    if (work.kind === 'groupingKey') return this.keyed.grouping(vertex, (item) => work.keyOf(item));
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
