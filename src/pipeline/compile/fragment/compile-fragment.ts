import { isFunctionMistake } from '../../../errors/function-mistake.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { StageKeeper } from '../../stage-keeper.js';
import type { PipelineGraph, Vertex } from '../../vertex.js';
import { type GiveUp, giveUpWindow } from '../failure/give-up-window.js';
import { mayReject, onErrorOf } from '../failure/stage-errors.js';
import { StateFailure, UndoableStates } from '../failure/undoable-states.js';
import type { Step } from '../keyed/keyed-parts.js';
import type { Cursor } from '../steps/cursor.js';
import { type InputTimes, NO_TIMES } from '../steps/input-times.js';
import type { Fragment, FragmentRun, Outlet, RejectedByStage, RunLimits } from './fragment.js';
import { FragmentCompiler } from './fragment-compiler.js';
import type { FragmentSurroundings } from './fragment-surroundings.js';

/**
 * What an input leads to stays here until it is through where it may have to be taken back: so many items come out of `flatMap` before it
 * is paused all the same. Then a part of it has gone on, and it can be taken back no more.
 */
const UNDOABLE_ITEMS = 16_384;
/** Behind so many in one run no further input is begun there: some milliseconds of work. */
const RUN_ITEMS = 1024;

/** Lengths of the outlets before an input, so that a failing input leaves nothing behind. */
const truncate = (outlets: readonly Outlet[], lengths: readonly number[]): void => {
  outlets.forEach((outlet, index) => {
    const length = lengths[index] ?? 0;
    outlet.items.length = length;
    outlet.origins.length = Math.min(outlet.origins.length, length);
    outlet.pending?.drop(outlet.times.length - Math.min(outlet.times.length, length));
    outlet.times.length = Math.min(outlet.times.length, length);
  });
};

/** Fuses the stages behind `entry` up to the next boundaries. */
export const compileFragment = (graph: PipelineGraph, entry: number, around: FragmentSurroundings): Fragment =>
  fuse(graph, around, {
    rejects: mayReject(graph, entry, isBoundary(around)),
    stepOf: (compiler) => compiler.entry(entry),
  });

/** Fuses a stage that keeps timers, from a due one on, with the stages behind it. */
export const compileTimerFragment = (
  graph: PipelineGraph,
  { entry, early }: { readonly entry: Vertex; readonly early: boolean },
  around: FragmentSurroundings,
): Fragment => {
  const rejects = onErrorOf(entry) !== 'fail' || mayReject(graph, entry.id, isBoundary(around));
  const giveUp = giveUpWindow(entry, around);
  return fuse(graph, around, { rejects, giveUp, stepOf: (compiler) => compiler.keyed.timerEntry(entry, early) });
};

const isBoundary =
  (around: FragmentSurroundings): Parameters<typeof mayReject>[2] =>
  (vertex) =>
    around.targetOf(vertex) !== undefined;

interface Entry {
  /** Whether a stage on the way may give an input up. */
  readonly rejects: boolean;
  /** What is done at an input that is given up, when all is taken back that it did. */
  readonly giveUp?: GiveUp | undefined;
  readonly stepOf: (compiler: FragmentCompiler) => Step;
}

const fuse = (graph: PipelineGraph, around: FragmentSurroundings, { rejects, giveUp, stepOf }: Entry): Fragment => {
  const states = rejects ? new UndoableStates() : undefined;
  const compiler = new FragmentCompiler(
    graph,
    states === undefined ? around : { ...around, keeper: undoable(around, states) },
  );
  return new FusedFragment(stepOf(compiler), compiler, { states, giveUp });
};

const undoable = ({ keeper }: FragmentSurroundings, states: UndoableStates): StageKeeper => ({
  stateOf: (stage) => states.add(keeper.stateOf(stage)),
  timersOf: (stage) => states.addTimers(keeper.timersOf(stage)),
  earlyTimersOf: (stage) => states.addTimers(keeper.earlyTimersOf(stage)),
});

/**
 * FR1. An input that a function fails at leaves nothing in the outlets; where `states` are given, nothing in the states either.
 * FR2. With them, and where the stage says so, the input is given up and the next one is run, unless a part of it has gone on.
 * FR3. A run ends only between two inputs, or between two items of a `flatMap`: what a function has begun it ends.
 */
class FusedFragment implements Fragment {
  readonly outlets: readonly Outlet[];
  readonly #step: Step;
  readonly #cursor: Cursor;
  readonly #states: UndoableStates | undefined;
  readonly #giveUp: GiveUp | undefined;
  readonly #lengths: number[];
  /** How many before the input under way. */
  #late = 0;
  /** Those of the run. */
  #rejected: RejectedByStage[] = [];
  /** Items of `flatMap` in this run, of inputs that are through; counted where inputs are not paused for them. */
  #spent = 0;
  /** Whether nothing of the input under way has gone on. */
  #undoable = false;

  constructor(
    step: Step,
    { cursor, outlets }: Pick<FragmentCompiler, 'cursor' | 'outlets'>,
    { states, giveUp }: { readonly states: UndoableStates | undefined; readonly giveUp: GiveUp | undefined },
  ) {
    this.outlets = outlets;
    this.#step = step;
    this.#cursor = cursor;
    this.#states = states;
    this.#giveUp = giveUp;
    this.#lengths = outlets.map(() => 0);
  }

  takeLate(): readonly string[] {
    const { late } = this.#cursor;
    if (late.length > 0) this.#cursor.late = [];
    return late;
  }

  run(items: readonly unknown[], start: number, limits: RunLimits, times: InputTimes = NO_TIMES): FragmentRun {
    const cursor = this.#cursor;
    cursor.times = times;
    cursor.produced = 0;
    cursor.left = limits.pauseAfter;
    cursor.index = start;
    if (this.#rejected.length > 0) this.#rejected = [];
    this.#spent = 0;
    for (;;) {
      try {
        const paused = this.#goOn(items, limits);
        // nobody asks for it any more, and it may be large
        cursor.item = undefined;
        return { next: cursor.index, paused, failure: undefined, rejected: this.#rejected };
      } catch (cause) {
        const failure = this.#fail(cause) ?? this.#letGo(items[cursor.index]);
        if (failure !== undefined) return { next: cursor.index, paused: false, failure, rejected: this.#rejected };
        cursor.index += 1;
      }
    }
  }

  /** True when it is paused in the middle of an input. */
  #goOn(items: readonly unknown[], { budget }: RunLimits): boolean {
    const cursor = this.#cursor;
    if (cursor.rest.length > 0) {
      this.#mark();
      if (!this.#resume()) return true;
      cursor.index += 1;
    } else cursor.touched = -1;
    while (cursor.index < items.length && cursor.produced < budget && this.#spent < RUN_ITEMS) {
      this.#mark();
      if (this.#states !== undefined) this.#beginUndoable(this.#states);
      this.#step(items[cursor.index]);
      if (cursor.rest.length > 0) {
        this.#undoable = false;
        return true;
      }
      if (this.#states !== undefined) this.#spent += UNDOABLE_ITEMS - cursor.left;
      cursor.index += 1;
    }
    return false;
  }

  #mark(): void {
    const lengths = this.#lengths;
    this.#late = this.#cursor.late.length;
    for (let index = 0; index < lengths.length; index += 1) lengths[index] = this.outlets[index]?.items.length ?? 0;
  }

  #beginUndoable(states: UndoableStates): void {
    states.forget();
    this.#undoable = true;
    this.#cursor.left = UNDOABLE_ITEMS;
  }

  /** Goes on with the paused input. True when it is through. */
  #resume(): boolean {
    const cursor = this.#cursor;
    while (cursor.rest.length > 0) {
      const [first, ...others] = cursor.rest;
      cursor.rest = [];
      first?.();
      const paused = cursor.rest.length > 0;
      cursor.rest = [...cursor.rest, ...others];
      if (paused) return false;
    }
    return true;
  }

  /** Undefined when the input is given up, and the run goes on behind it. */
  #fail(thrown: unknown): FragmentRun['failure'] {
    const cursor = this.#cursor;
    cursor.rest = [];
    cursor.late.length = this.#late;
    truncate(this.outlets, this.#lengths);
    const stateFailed = this.#undo();
    const { index, stage, item, key } = cursor;
    const name = stage?.name ?? '';
    const cause = thrown instanceof StateFailure ? thrown.cause : thrown;
    const touchedState = !(this.#undoable && stateFailed === undefined) && cursor.touched === index;
    if (stateFailed !== undefined) return { stage: name, cause: stateFailed, touchedState };
    const asked = stage !== undefined && onErrorOf(stage) !== 'fail';
    if (!asked || thrown instanceof StateFailure || isFunctionMistake(cause))
      return { stage: name, cause, touchedState };
    if (!this.#undoable) return { stage: name, cause: tooLate(cause), touchedState };
    const keyed = hasKeys(stage) ? { key } : {};
    this.#rejected.push({ index, vertex: stage.id, stage: name, cause, item, ...keyed });
    this.#spent += UNDOABLE_ITEMS - cursor.left;
    return undefined;
  }

  /** An input is given up. Gives a failure where what remains of it cannot be let go. */
  #letGo(input: unknown): FragmentRun['failure'] {
    try {
      this.#giveUp?.(input);
      return undefined;
    } catch (cause) {
      return { stage: this.#cursor.stage?.name ?? '', cause, touchedState: true };
    }
  }

  /** Gives what the states failed with. */
  #undo(): unknown {
    if (!this.#undoable) return undefined;
    try {
      this.#states?.undo();
    } catch (error) {
      return error instanceof StateFailure ? error.cause : error;
    }
    return undefined;
  }
}

/** Windows without keys have one all the same, which is nobody's. */
const hasKeys = ({ work }: Vertex): boolean =>
  work.kind === 'stateful' && !(work.operation.kind === 'window' && !work.operation.keyed);

const tooLate = (cause: unknown): MillraceError =>
  new MillraceError(
    'USER_FUNCTION_FAILED',
    `${MillraceError.from(cause).message} (onError cannot take back an input of more than ${UNDOABLE_ITEMS} items)`,
    {
      cause,
      advice:
        'A part of what the input led to has gone on. Put a mapAsync stage behind the flatMap: each of its items is an input of its own then.',
    },
  );
