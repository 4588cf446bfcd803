import { MillraceError } from '../../errors/millrace-error.js';
import type { StatefulStage, StateOf } from '../../pipeline/stage-state.js';
import type { Overlay } from '../layout/overlay.js';
import type { CommitPart } from '../tick/commit-part.js';
import { KeyedState } from './keyed-state.js';
import type { CacheLimits } from './state-cache.js';

/** For all stages of a job together. */
export const DEFAULT_CACHE_LIMITS: CacheLimits = { maxEntries: 500_000, maxBytes: 128 * 1024 * 1024 };

export interface KeyedStatesOptions {
  /** Those of the pipeline, by `statefulStages(graph)`. */
  readonly stages: readonly StatefulStage[];
  /** That of the partition. */
  readonly overlay: Overlay;
  /** Each stage has an equal share. */
  readonly limits: CacheLimits;
}

/** The states of all stages of one partition, for one run. */
export class KeyedStates implements CommitPart {
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

  get changed(): boolean {
    return this.#states.some(({ changed }) => changed);
  }

  /** For `compilePipeline`. */
  readonly stateOf: StateOf = ({ name }) => {
    const state = this.#byName.get(name);
    if (state === undefined) throw new MillraceError('INTERNAL', `the stage "${name}" was not opened`);
    return state;
  };

  /** Puts every change since the last seal into the overlay, right before that is sealed itself. */
  sealInto(overlay: Overlay): void {
    for (const state of this.#states) state.sealInto(overlay);
  }

  begin(): void {}

  /** Goes back to the last seal. */
  undo(): void {
    for (const state of this.#states) state.undo();
  }

  /** The overlay has had the bytes since the seal. */
  committed(): void {}
}
