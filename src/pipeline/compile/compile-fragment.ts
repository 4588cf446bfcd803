import { refusePromise } from '../../internal/refuse-promise.js';
import type { StateKey, StateOf } from '../stage-state.js';
import type { PipelineGraph, Vertex } from '../vertex.js';
import { checkKey } from './check-key.js';
import { compileStateful, type KeyedStep } from './compile-stateful.js';
import type { Fragment, FragmentRun, Outlet, RunLimits, Target } from './fragment.js';

type Step = (item: unknown) => void;

/** Where a run stands: read when a user function throws. */
interface Cursor {
  index: number;
  produced: number;
  stage: Vertex | undefined;
  /** The input that came to a stage with state last. */
  touched: number;
  /** Items that `flatMap` may still give before the run pauses. */
  left: number;
  /**
   * What is left to do of an input that is paused, innermost first. While it is not empty, every step on its way back leaves what it
   * has left to do behind the others, and returns: so the rest is done in the very order in which it would have been.
   */
  rest: Rest[];
}

/** The rest of a fan-out, or of a `flatMap`. */
type Rest = () => void;

/** Which boundary a vertex is, if it is one. */
export type TargetOf = (vertex: Vertex) => Target | undefined;

export interface FragmentSurroundings {
  /** Undefined for a vertex that belongs to the fragment itself. */
  readonly targetOf: TargetOf;
  /** In memory, or over a store: the fragment does not know. */
  readonly stateOf: StateOf;
}

class FragmentCompiler {
  readonly cursor: Cursor = { index: 0, produced: 0, stage: undefined, touched: -1, left: 0, rest: [] };
  readonly outlets: Outlet[] = [];
  readonly #graph: PipelineGraph;
  readonly #around: FragmentSurroundings;
  readonly #steps = new Map<number, Step>();

  constructor(graph: PipelineGraph, around: FragmentSurroundings) {
    this.#graph = graph;
    this.#around = around;
  }

  /** One step that hands an item to every consumer of a vertex, in the order of building. */
  fanOut(vertex: number): Step {
    const steps = this.#graph.edges.filter((edge) => edge.from === vertex).map((edge) => this.#step(edge.to));
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
    if (target !== undefined) return this.#outlet(target);
    const { cursor } = this;
    const { work } = vertex;
    if (work.kind === 'groupingKey') return this.#grouping(vertex, (item) => work.keyOf(item));
    const next = this.fanOut(vertex.id);
    switch (work.kind) {
      case 'map':
        return (item) => {
          cursor.stage = vertex;
          next(work.apply(item));
        };
      case 'filter':
        return (item) => {
          cursor.stage = vertex;
          const kept = work.apply(item);
          refusePromise(kept);
          if (kept) next(item);
        };
      case 'peek':
        return (item) => {
          cursor.stage = vertex;
          work.observe(item);
          next(item);
        };
      case 'flatMap':
        return this.#flatMap(vertex, (item) => work.apply(item), next);
      default:
        return next;
    }
  }

  #flatMap(vertex: Vertex, apply: (item: unknown) => Iterable<unknown>, next: Step): Step {
    const { cursor } = this;
    const drain = (iterator: Iterator<unknown>): void => {
      cursor.stage = vertex;
      for (let one = iterator.next(); one.done !== true; one = iterator.next()) {
        cursor.left -= 1;
        passOn(iterator, one.value);
        if (cursor.rest.length > 0 || cursor.left <= 0) return void cursor.rest.push(() => drain(iterator));
        cursor.stage = vertex;
      }
    };
    /** What stands behind is told that it need not come to its end, as `for … of` tells it. */
    const passOn = (iterator: Iterator<unknown>, item: unknown): void => {
      try {
        next(item);
      } catch (error) {
        closeQuietly(iterator);
        throw error;
      }
    };
    return (item) => {
      cursor.stage = vertex;
      const many = apply(item);
      refusePromise(many);
      drain(many[Symbol.iterator]());
    };
  }

  /** Behind a grouping there are only stages with state: each is given the key, which is made once. */
  #grouping(vertex: Vertex, keyOf: (item: unknown) => unknown): Step {
    const { cursor } = this;
    const steps = this.#graph.edges.filter(({ from }) => from === vertex.id).map(({ to }) => this.#stateful(to));
    const from = (start: number, key: StateKey, item: unknown): void => {
      for (let index = start; index < steps.length; index += 1) {
        steps[index]?.(key, item);
        if (cursor.rest.length > 0) return void cursor.rest.push(() => from(index + 1, key, item));
      }
    };
    return (item) => {
      cursor.stage = vertex;
      from(0, checkKey(keyOf(item)), item);
    };
  }

  #stateful(id: number): KeyedStep {
    const vertex = this.#graph.vertices[id];
    if (vertex?.work.kind !== 'stateful') return () => {};
    const { name, work } = vertex;
    const { cursor } = this;
    const state = this.#around.stateOf({ name, codec: work.codec });
    const step = compileStateful(work, state, this.fanOut(id));
    return (key, item) => {
      cursor.stage = vertex;
      cursor.touched = cursor.index;
      step(key, item);
    };
  }

  #outlet(target: Target): Step {
    const outlet: Outlet = { target, items: [], origins: [] };
    this.outlets.push(outlet);
    const { cursor } = this;
    const push: Step = (item) => {
      outlet.items.push(item);
      cursor.produced += 1;
    };
    if (target.kind === 'sink') return push;
    return (item) => {
      push(item);
      outlet.origins.push(cursor.index);
    };
  }
}

/** Lengths of the outlets before an input, so that a failing input leaves nothing behind. */
const truncate = (outlets: readonly Outlet[], lengths: readonly number[]): void => {
  outlets.forEach((outlet, index) => {
    const length = lengths[index] ?? 0;
    outlet.items.length = length;
    outlet.origins.length = Math.min(outlet.origins.length, length);
  });
};

/** Fuses the stages behind `entry` up to the next boundaries. */
export const compileFragment = (graph: PipelineGraph, entry: number, around: FragmentSurroundings): Fragment => {
  const compiler = new FragmentCompiler(graph, around);
  const step = compiler.fanOut(entry);
  const { cursor, outlets } = compiler;
  const lengths = outlets.map(() => 0);
  const mark = (): void => {
    for (let index = 0; index < lengths.length; index += 1) lengths[index] = outlets[index]?.items.length ?? 0;
  };
  /** Goes on with the paused input. True when it is through. */
  const resume = (): boolean => {
    while (cursor.rest.length > 0) {
      const [first, ...others] = cursor.rest;
      cursor.rest = [];
      first?.();
      const paused = cursor.rest.length > 0;
      cursor.rest = [...cursor.rest, ...others];
      if (paused) return false;
    }
    return true;
  };
  const run = (items: readonly unknown[], start: number, { budget, pauseAfter }: RunLimits): FragmentRun => {
    cursor.produced = 0;
    cursor.left = pauseAfter;
    cursor.index = start;
    const ended = (paused: boolean): FragmentRun => ({ next: cursor.index, paused, failure: undefined });
    try {
      mark();
      if (cursor.rest.length > 0) {
        if (!resume()) return ended(true);
        cursor.index += 1;
      } else cursor.touched = -1;
      while (cursor.index < items.length && cursor.produced < budget) {
        mark();
        step(items[cursor.index]);
        if (cursor.rest.length > 0) return ended(true);
        cursor.index += 1;
      }
      return ended(false);
    } catch (cause) {
      cursor.rest = [];
      truncate(outlets, lengths);
      const { index: next, stage, touched } = cursor;
      return { next, paused: false, failure: { stage: stage?.name ?? '', cause, touchedState: touched === next } };
    }
  };
  return { outlets, run };
};

/** What an iterator throws at its end is not why it came to it. */
const closeQuietly = (iterator: Iterator<unknown>): void => {
  try {
    iterator.return?.();
  } catch {
    // as said above
  }
};
