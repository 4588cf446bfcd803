import { type ErrorCode, MillraceError } from '../errors/index.js';

/** How the process ends: what a script that calls the command may rely on. */
export const EXIT_CODE = {
  /** Done, or stopped on request. */
  OK: 0,
  /** The job failed. */
  FAILED: 1,
  /** The command line is wrong: nothing was started. */
  USAGE: 2,
} as const;

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/** 128 and the signal's number, as a shell reports a process that the signal ended. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + (SIGNAL_NUMBERS[signal] ?? 0);
}

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INVALID_OPTIONS',
  'INVALID_TOPIC',
  'GUARANTEE_UNSUPPORTED',
  'OVERLAPPING_FILTERS',
  'DUPLICATE_SESSION',
]);

/** Of an error from before anything was opened: whether the command line, or the pipeline it names, has to change. */
export function isWrongUsage(error: unknown): boolean {
  return error instanceof MillraceError && USAGE_CODES.has(error.code);
}
