import type { MillraceError } from '../../errors/millrace-error.js';
import type { DurableDrive } from '../run/job-driver.js';
import type { OutputLane } from '../tick/output-lane.js';
import type { SourceLane } from '../tick/source-lane.js';
import type { Stored } from '../tick/stored.js';
import type { TickMachine, TickMachineOptions } from '../tick/tick-machine.js';
import type { JobRunOptions } from './job-run-options.js';
import type { OpeningSink } from './opening-sink.js';
import type { Recovered } from './recovered.js';

/** What a run needs to be opened. */
export interface RunRequest {
  readonly options: JobRunOptions;
  /** Aborts opening, and everything that goes on for the run. */
  readonly signal: AbortSignal;
  /** Tells what is still opening to give up, because something else failed. */
  readonly abort: (error: MillraceError) => void;
  /** Ends the run at once. */
  readonly stop: (error: MillraceError) => void;
  readonly startCall: TickMachineOptions['startCall'];
}

/** An opened run, ready to be driven. */
export interface RunParts {
  readonly machine: TickMachine;
  readonly sources: readonly SourceLane[];
  readonly sinks: readonly OutputLane[];
  readonly durable?: DurableDrive;
  /** What the outboxes of a durable job have now. */
  readonly stored?: () => Stored;
  /** The sinks of a durable job, some of which may still be away. */
  readonly opening?: readonly OpeningSink[];
  /** Absent on the first start of a durable job, and in others. */
  readonly recovered?: Recovered;
  close(): Promise<void>;
}
