import { MillraceError } from '../../errors/millrace-error.js';
import type { StatefulStage, StateOf } from '../../pipeline/stage-state.js';
import type { StoreView } from '../../store/store.js';
import type { Overlay } from '../overlay.js';
import { KeyedState } from './keyed-state.js';
import { storedNames } from './named-range.js';
import type { CacheLimits } from './state-cache.js';

/** For all stages of a job together. */
export const DEFAULT_CACHE_LIMITS: CacheLimits = { maxEntries: 500_000, maxBytes: 128 * 1024 * 1024 };

export interface KeyedStatesOptions {
  /** Those of the pipeline, by `statefulStages(graph)`. */
  readonly stages: readonly StatefulStage[];
  readonly overlay: Overlay;
  /** Each stage has an equal share. */
  readonly limits: CacheLimits;
}

/** The states of all stages of one partition, for one run. */
export class KeyedStates {
  readonly #states: readonly KeyedState[];
  readonly #byName: ReadonlyMap<string, KeyedState>;

  /** Opens every stage, so that what does not fit is refused before the first item. @throws MillraceError as `KeyedState` */
  constructor({ stages, overlay, limits }: KeyedStatesOptions) {
    const share = (bound: number): number => Math.floor(bound / Math.max(1, stages.length));
    const ours = { maxEntries: share(limits.maxEntries), maxBytes: share(limits.maxBytes) };
    this.#byName = new Map(stages.map((stage) => [stage.name, new KeyedState({ stage, overlay, limits: ours })]));
    this.#states = [...this.#byName.values()];
  }

  /** An estimate of the memory that changes since the last seal take. */
  get changedBytes(): number {
    return this.#states.reduce((sum, { changedBytes }) => sum + changedBytes, 0);
  }

  /** Keys changed since the last seal, of all stages. */
  get changedKeys(): number {
    return this.#states.reduce((sum, { changedKeys }) => sum + changedKeys, 0);
  }

  /** For `compilePipeline`. */
  readonly stateOf: StateOf = ({ name }) => {
    const state = this.#byName.get(name);
    if (state === undefined) throw new MillraceError('INTERNAL', `the stage "${name}" was not opened`);
    return state;
  };

  /** Puts every change since the last seal into the overlay, right before that is sealed itself. */
  sealInto(): void {
    for (const state of this.#states) state.sealInto();
  }
}

/**
 * The names of stages that the store has states of and the pipeline has not: a stage that was renamed would begin without its state,
 * and nobody would notice.
 */
export const unclaimedStates = (view: StoreView, stages: readonly StatefulStage[]): readonly string[] => {
  const ours = new Set(stages.map(({ name }) => name));
  return storedNames(view, 'state').filter((name) => !ours.has(name));
};
