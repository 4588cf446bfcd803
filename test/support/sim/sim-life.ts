import type { Mortal } from './sim-clock.js';

/** What a simulated process is to its world. */
export interface SimLife extends Mortal {
  /** By how much its clocks differ from those of the world, in milliseconds: no two machines agree (C6). Default 0. */
  readonly clockAheadMs?: number;
  /** Told before each socket write and each commit: it may end here, and does nothing any more then. */
  beforeIo(): void;
  /** Runs its code: at once, or, while it stands still, in its turn when it goes on. */
  enter(run: () => void): void;
}
