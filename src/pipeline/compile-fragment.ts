import { refusePromise } from '../internal/refuse-promise.js';
import { checkKey } from './check-key.js';
import { compileStateful, type KeyedStep } from './compile-stateful.js';
import type { Fragment, FragmentRun, Outlet, Target } from './fragment.js';
import type { StateOf } from './stage-state.js';
import type { PipelineGraph, Vertex } from './vertex.js';

type Step = (item: unknown) => void;

/** Where a run stands: read when a user function throws. */
interface Cursor {
  index: number;
  produced: number;
  stage: Vertex | undefined;
}

/** Which boundary a vertex is, if it is one. */
export type TargetOf = (vertex: Vertex) => Target | undefined;

export interface FragmentSurroundings {
  readonly targetOf: TargetOf;
  readonly stateOf: StateOf;
}

class FragmentCompiler {
  readonly cursor: Cursor = { index: 0, produced: 0, stage: undefined };
  readonly outlets: Outlet[] = [];
  readonly #graph: PipelineGraph;
  readonly #around: FragmentSurroundings;
  readonly #steps = new Map<number, Step>();

  constructor(graph: PipelineGraph, around: FragmentSurroundings) {
    this.#graph = graph;
    this.#around = around;
  }

  /** One step that hands an item to every consumer of a vertex, in the order of building. */
  fanOut(from: number): Step {
    const steps = this.#graph.edges.filter((edge) => edge.from === from).map((edge) => this.#step(edge.to));
    const [first, second, ...rest] = steps;
    if (first === undefined) return () => {};
    if (second === undefined) return first;
    const all = [first, second, ...rest];
    return (item) => {
      for (const step of all) step(item);
    };
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
        return (item) => {
          cursor.stage = vertex;
          const many = work.apply(item);
          refusePromise(many);
          for (const one of many) {
            next(one);
            cursor.stage = vertex;
          }
        };
      default:
        return next;
    }
  }

  /** Behind a grouping there are only stages with state: each is given the key, which is made once. */
  #grouping(vertex: Vertex, keyOf: (item: unknown) => unknown): Step {
    const { cursor } = this;
    const steps = this.#graph.edges.filter(({ from }) => from === vertex.id).map(({ to }) => this.#stateful(to));
    return (item) => {
      cursor.stage = vertex;
      const key = checkKey(keyOf(item));
      for (const step of steps) step(key, item);
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
  const run = (items: readonly unknown[], start: number, budget: number): FragmentRun => {
    cursor.produced = 0;
    cursor.index = start;
    try {
      while (cursor.index < items.length && cursor.produced < budget) {
        mark();
        step(items[cursor.index]);
        cursor.index += 1;
      }
      return { next: cursor.index, failure: undefined };
    } catch (cause) {
      truncate(outlets, lengths);
      return { next: cursor.index, failure: { stage: cursor.stage?.name ?? '', cause } };
    }
  };
  return { outlets, run };
};
