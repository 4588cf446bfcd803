import { MillraceError } from '../../errors/millrace-error.js';
import type { StageKeeper } from '../../pipeline/stage-keeper.js';
import type { StageState, StatefulStage } from '../../pipeline/stage-state.js';
import type { StageTimers } from '../../pipeline/timers/stage-timers.js';
import type { StoreView } from '../../store/store.js';
import type { Overlay } from '../layout/overlay.js';
import type { CommitPart } from '../tick/commit-part.js';
import { KeyedState } from './keyed-state.js';
import type { BundleLimits } from './state-bundles.js';
import type { CacheLimits } from './state-cache.js';
import { StoredTimers } from './stored-timers.js';

/** For all stages of a job together, as far as the cache is that large: what is bundled has a share of it in memory. */
export const BUNDLE_LIMITS: BundleLimits = { fewest: 32, maxStates: 65_536, maxBytes: 8 * 1024 * 1024 };
/** Of a stage: each takes several times the memory of its bytes. */
const MOST_BUNDLED_TIMERS = 32_768;
/** Of a cache. */
const BUNDLE_SHARE = 4;

export interface KeyedStatesOptions {
  /** Those of the pipeline, by `statefulStages(graph)`. */
  readonly stages: readonly StatefulStage[];
  /** That of the partition. */
  readonly overlay: Overlay;
  /** Below the overlay: read when a stage is opened. */
  readonly store: Pick<StoreView, 'range'>;
  /** Each stage has an equal share, and what it has of timers by key. */
  readonly limits: CacheLimits;
  /** The same. */
  readonly bundles: BundleLimits;
}

/** The states of all stages of one partition, and their timers, for one run. */
export class KeyedStates implements CommitPart, StageKeeper {
  readonly #states: readonly (KeyedState | StoredTimers)[];
  readonly #byName: ReadonlyMap<string, KeyedState>;
  readonly #timers: ReadonlyMap<string, StoredTimers>;
  readonly #early: ReadonlyMap<string, StoredTimers>;

  /** Opens every stage, so that what does not fit is refused before the first item. @throws MillraceError as `KeyedState` */
  constructor({ stages, overlay, store, limits, bundles }: KeyedStatesOptions) {
    const timed = stages.filter((stage) => stage.timed);
    const early = stages.filter((stage) => stage.early === true);
    // those of windows are in their states
    const records = timed.filter(({ windows }) => windows === undefined);
    const share = (bound: number): number =>
      Math.floor(bound / Math.max(1, stages.length + records.length + early.length));
    const shares = {
      limits: { maxEntries: share(limits.maxEntries), maxBytes: share(limits.maxBytes) },
      bundles: {
        fewest: bundles.fewest,
        maxStates: share(Math.min(bundles.maxStates, limits.maxEntries / BUNDLE_SHARE)),
        maxBytes: share(Math.min(bundles.maxBytes, limits.maxBytes / BUNDLE_SHARE)),
      },
    };
    const { maxStates } = shares.bundles;
    const dueBundles = { ...shares.bundles, maxStates: Math.min(maxStates, MOST_BUNDLED_TIMERS) };
    const common = { overlay, store, ...shares };
    this.#byName = new Map(stages.map((stage) => [stage.name, new KeyedState({ kind: 'state', stage, ...common })]));
    const timersOf = (some: readonly StatefulStage[], kind: 'timer' | 'early') =>
      new Map(
        some.map((stage) => {
          const states = opened(this.#byName, stage.name);
          return [stage.name, new StoredTimers({ kind, stage, states, dueBundles, ...common })];
        }),
      );
    this.#timers = timersOf(timed, 'timer');
    this.#early = timersOf(early, 'early');
    this.#states = [...this.#byName.values(), ...this.#timers.values(), ...this.#early.values()];
  }

  /** An estimate of the memory that changes since the last seal take. */
  get changedBytes(): number {
    let bytes = 0;
    for (const { changedBytes } of this.#states) bytes += changedBytes;
    return bytes;
  }

  get changed(): boolean {
    return this.#states.some(({ changed }) => changed);
  }

  stateOf({ name }: StatefulStage): StageState {
    return opened(this.#byName, name);
  }

  timersOf({ name }: StatefulStage): StageTimers {
    return opened(this.#timers, name).timers;
  }

  earlyTimersOf({ name }: StatefulStage): StageTimers {
    return opened(this.#early, name).timers;
  }

  /** Puts every change since the last seal into the overlay, right before that is sealed itself. */
  sealInto(overlay: Overlay): void {
    for (const state of this.#states) state.sealInto(overlay);
  }

  begin(): void {
    for (const state of this.#states) state.begin();
  }

  /** Goes back to the last `begin`, before which all was sealed. */
  undo(): void {
    for (const state of this.#states) state.undo();
  }

  /** The overlay has had the bytes since the seal. */
  committed(): void {}
}

const opened = <K>(kept: ReadonlyMap<string, K>, name: string): K => {
  const one = kept.get(name);
  if (one === undefined) throw new MillraceError('INTERNAL', `the stage "${name}" was not opened`);
  return one;
};
