import type { JobOptions } from '../../../../engine/index.js';
import type { BridgeOptions } from '../../parse-bridge-options.js';
import type { Hop } from './route-loops.js';

/** A route that can run. */
export interface PlannedRoute extends Hop {
  /** All that its pipeline is made of. */
  readonly options: BridgeOptions;
  /** What becomes of it when a reload does not find it any more. */
  readonly whenRemoved: 'drain' | 'keep';
  /** As `JobOptions.giveUp` has it. */
  readonly giveUp: readonly string[];
  /** How much may be stored. */
  readonly outbox: Pick<JobOptions, 'maxOutboxMessages' | 'maxOutboxBytes'>;
  /** A digest for each thing that is said of it and of its brokers, files included, by its path: `filters`, `to.tls.ca`. */
  readonly facts: ReadonlyMap<string, string>;
}

/** A file that can run. */
export interface BridgePlan {
  /** undefined: no route needs one. */
  readonly dir: string | undefined;
  readonly drainTimeoutMs: number;
  /** In the order of the file. */
  readonly routes: ReadonlyMap<string, PlannedRoute>;
  /** Sentences for whoever looks after it: nothing is wrong, and something could be better. */
  readonly notes: readonly string[];
}
