import type { StageState, StateKey } from '../../stage-state.js';
import type { DueTimer, StageTimers } from '../../timers/stage-timers.js';

/** What the state of a stage failed with, not the user's function: no `onError` is asked about that. */
export class StateFailure extends Error {
  override readonly name = 'StateFailure';

  constructor(cause: unknown) {
    super('a state cannot be read, or copied', { cause });
  }
}

/** One stage's state as a fragment sees it that has to undo inputs: it remembers how each key is put back. */
class UndoableState implements StageState {
  readonly #state: StageState;
  readonly #restorers = new Map<StateKey, () => void>();

  constructor(state: StageState) {
    this.#state = state;
  }

  get size(): number {
    return this.#state.size;
  }

  get(key: StateKey): unknown {
    return told(() => {
      // functions change in place what they get, so it is too late when they set it
      if (!this.#restorers.has(key)) this.#restorers.set(key, this.#state.restorer(key));
      return this.#state.get(key);
    });
  }

  set(key: StateKey, value: unknown): void {
    told(() => this.#state.set(key, value));
  }

  remove(key: StateKey): void {
    told(() => this.#state.remove(key));
  }

  restorer(key: StateKey): () => void {
    return this.#state.restorer(key);
  }

  forget(): void {
    if (this.#restorers.size > 0) this.#restorers.clear();
  }

  undo(): void {
    for (const restore of this.#restorers.values()) told(restore);
    this.#restorers.clear();
  }
}

/** The same of its timers. */
class UndoableTimers implements StageTimers {
  readonly #timers: StageTimers;
  readonly #restorers = new Map<StateKey, () => void>();

  constructor(timers: StageTimers) {
    this.#timers = timers;
  }

  get pending(): number {
    return this.#timers.pending;
  }

  at(key: StateKey, name: string): number | undefined {
    return told(() => this.#timers.at(key, name));
  }

  lastAt(key: StateKey): number | undefined {
    return told(() => this.#timers.lastAt(key));
  }

  /** What it refuses is the function's failure. */
  set(key: StateKey, name: string, at: number): void {
    this.#remember(key);
    this.#timers.set(key, name, at);
  }

  clear(key: StateKey, name: string): void {
    this.#remember(key);
    told(() => this.#timers.clear(key, name));
  }

  restorer(key: StateKey): () => void {
    return this.#timers.restorer(key);
  }

  due(now: number, most: number): readonly DueTimer[] {
    return this.#timers.due(now, most);
  }

  isFirst(timer: DueTimer): boolean {
    return told(() => this.#timers.isFirst(timer));
  }

  nextAt(): number {
    return this.#timers.nextAt();
  }

  forget(): void {
    if (this.#restorers.size > 0) this.#restorers.clear();
  }

  undo(): void {
    for (const restore of this.#restorers.values()) told(restore);
    this.#restorers.clear();
  }

  #remember(key: StateKey): void {
    if (!this.#restorers.has(key)) told(() => this.#restorers.set(key, this.#timers.restorer(key)));
  }
}

const told = <R>(work: () => R): R => {
  try {
    return work();
  } catch (cause) {
    throw new StateFailure(cause);
  }
};

/** The states that inputs of one fragment change, with their timers, each as it was before the input under way. */
export class UndoableStates {
  readonly #states: (UndoableState | UndoableTimers)[] = [];

  /** A state whose changes can be undone. */
  add(state: StageState): StageState {
    const undoable = new UndoableState(state);
    this.#states.push(undoable);
    return undoable;
  }

  /** Timers whose changes can be undone. */
  addTimers(timers: StageTimers): StageTimers {
    const undoable = new UndoableTimers(timers);
    this.#states.push(undoable);
    return undoable;
  }

  /** What was done stays. */
  forget(): void {
    for (const state of this.#states) state.forget();
  }

  /** Every state is as it was at the last `forget`. @throws StateFailure */
  undo(): void {
    for (const state of this.#states) state.undo();
  }
}
