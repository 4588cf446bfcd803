import type { MillraceError } from '../../errors/millrace-error.js';
import type { CallsOptions } from '../tick/calls.js';
import type { Custody } from '../tick/custody.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { TickMachine } from '../tick/tick-machine.js';
import type { JobRunOptions } from './job-run-options.js';
import type { OpeningSink } from './opening-sink.js';
import type { Recovered } from './recovered.js';

/** What a run needs to be opened. */
export interface RunRequest {
  /** What the job is. */
  readonly options: JobRunOptions;
  /** Aborts opening, and everything that goes on for the run. */
  readonly signal: AbortSignal;
  /** Tells what is still opening to give up, because something else failed. */
  readonly abort: (error: MillraceError) => void;
  /** Ends the run at once. */
  readonly stop: (error: MillraceError) => void;
  /** Makes a mapAsync call. It is called from the first tick on, not while the run is opened. */
  readonly startCall: CallsOptions['startCall'];
}

/**
 * An opened run, ready to be driven. `direct/open-run.ts` and `durable/open-run.ts` make it, each with its custody and its lanes, in this
 * order: what is stored is checked, the sinks are opened, then the sources, then the lanes are put around them.
 *
 * E1. What fails while it is opened closes what is open and is the reason of the run; what the others say because they were told to give
 *     up is not.
 * E2. No source is open before there is somewhere to put what it gives.
 * E3. Nothing is polled or written before the driver's first tick.
 */
export interface RunParts {
  /** Ticks. */
  readonly machine: TickMachine;
  /** Concludes each tick. */
  readonly custody: Custody;
  /** Have the ports that the driver waits for. */
  readonly lanes: TickLanes;
  /** The sinks that may still be away: those of a job with a store. */
  readonly opening: readonly OpeningSink[];
  /** What is gone on with; undefined on a first start, and in a job without a store. */
  readonly recovered: Recovered | undefined;
  /** Closes sources, sinks and what else was opened. Never rejects for a port. */
  close(): Promise<void>;
}
