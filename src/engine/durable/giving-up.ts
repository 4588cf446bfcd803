import { publishDiagnostic } from '../../metrics/diagnostics.js';

/** A job by its name, and what of it is given up, as `partName` has it; clients of sinks as `client x`. */
export interface ManifestOwner {
  /** For messages. */
  readonly job: string;
  /** Parts whose stored things may go. */
  readonly giveUp: readonly string[];
  /** Stages whose state may go where the pipeline has no place for it. */
  readonly dropState: readonly string[];
}

/** Of a part that is given up. */
export const tellGivenUp = (job: string, part: string, stored: string): void =>
  publishDiagnostic('given-up', { job, part, stored });

/** How what is stored under these names can be given up. */
export const waysOut = (names: readonly string[]): string =>
  `give up what is stored: giveUp: [${names.map((name) => `'${name}'`).join(', ')}] among the options of the job, ` +
  `on the command line ${names.map((name) => `--give-up '${name}'`).join(' ')}.`;

/** The same for stages, whose state can go while the stage stays. */
export const waysOutOfStages = (names: readonly string[]): string =>
  `drop the state: dropState: [${names.map((name) => `'${name}'`).join(', ')}] among the options of the job, ` +
  `--drop-state ${names.map((name) => `'${name}'`).join(' --drop-state ')} of millrace run.`;
