import type { StateKey } from '../../stage-state.js';
import { needsTime } from '../../time/time-roots.js';
import type { DueTimer, StageTimers } from '../../timers/stage-timers.js';
import type { PipelineGraph, StatefulWork, Vertex } from '../../vertex.js';
import type { WindowResult } from '../../windows/window-result.js';
import type { FragmentSurroundings } from '../fragment/fragment-surroundings.js';
import type { Cursor } from '../steps/cursor.js';
import { callTimersOf } from './call-timers-of.js';
import { checkKey } from './check-key.js';
import { compileTimed, compileUntimed, type StatefulSteps } from './compile-timed.js';
import type { KeyedParts, KeyedStep, Step } from './keyed-parts.js';
import { statefulStage } from './stateful-stages.js';

/** The steps that stand behind a stage, and the cursor that all share. */
export interface StepsBehind {
  readonly cursor: Cursor;
  fanOut(vertex: number): Step;
  lateOut(vertex: number): Step;
}

/**
 * The steps of the stages that keep state by key, as part of a fragment. Each is compiled once, whatever leads to it: there is one way back
 * for what an input does to its state. FC1 to FC3 of `FragmentCompiler` hold for them.
 */
export class KeyedSteps {
  readonly #graph: PipelineGraph;
  readonly #around: FragmentSurroundings;
  readonly #behind: StepsBehind;
  readonly #steps = new Map<number, KeyedStep>();

  constructor(graph: PipelineGraph, around: FragmentSurroundings, behind: StepsBehind) {
    this.#graph = graph;
    this.#around = around;
    this.#behind = behind;
  }

  /** Behind a grouping, and what it is merged into, there are only stages with state: each is given the key, which is made once. */
  grouping(vertex: Vertex, keyOf: (item: unknown) => unknown): Step {
    const { cursor } = this.#behind;
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

  /** What the due timers of a stage are run through: each is an input. @param early whether they are those of early results */
  timerEntry(vertex: Vertex, early: boolean): Step {
    if (vertex.work.kind !== 'stateful') return () => {};
    const { cursor } = this.#behind;
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

  #keyedBehind(id: number): readonly KeyedStep[] {
    return this.#graph.edges
      .filter(({ from }) => from === id)
      .flatMap(({ to, side }) => {
        const vertex = this.#graph.vertices[to];
        if (vertex?.work.kind === 'merge') return this.#keyedBehind(to);
        if (vertex?.work.kind !== 'stateful') return [];
        const step = this.#steps.get(to) ?? this.#stateful(vertex, vertex.work);
        this.#steps.set(to, step);
        return side === undefined ? step : (key: StateKey, item: unknown) => step(key, item, side);
      });
  }

  #stateful(vertex: Vertex, work: StatefulWork): KeyedStep {
    const { cursor } = this.#behind;
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
    const { cursor } = this.#behind;
    const late = this.#late(vertex);
    const behind = this.#behind.fanOut(vertex.id);
    const next = isWindow && needsTime(vertex) ? this.#inWindow(behind) : behind;
    return { state, calls, next, emit: this.#emit(next), cursor, late };
  }

  #late({ id, name }: Vertex): Step {
    const { cursor } = this.#behind;
    const next = this.#behind.lateOut(id);
    return (item) => {
      cursor.late.push(name);
      next(item);
    };
  }

  /** The result of a window has the last moment of it as its time. */
  #inWindow(next: Step): Step {
    const { cursor } = this.#behind;
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
    const { cursor } = this.#behind;
    const from = (start: number, items: readonly unknown[]): void => {
      for (let index = start; index < items.length; index += 1) {
        cursor.left -= 1;
        next(items[index]);
        if (cursor.rest.length > 0 || cursor.left <= 0) return void cursor.rest.push(() => from(index + 1, items));
      }
    };
    return (items) => from(0, items);
  }
}
