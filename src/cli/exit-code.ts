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
