import { fullRun } from './full-run.js';

/*
 * Limits that only a failing test reaches. Machines differ tenfold in the speed of their processors and disks, so none of
 * these is an expectation: what must be quick is measured where it is promised.
 */

/** How long a test waits for what must come, in milliseconds. Mutants have less: with them much does not come. */
export const PATIENCE_MS = Number(process.env.MILLRACE_PATIENCE_MS ?? 120_000);

/** Of a test: longer than its longest wait, so that what did not come is named. */
export const LIMIT = { timeout: fullRun ? 2_700_000 : 240_000 };

/** Of a suite, whose tests count together. */
export const SUITE_LIMIT = { timeout: fullRun ? 2_700_000 : 900_000 };
