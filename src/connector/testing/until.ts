import { setTimeout as sleep } from 'node:timers/promises';
import { withinMs } from '../../internal/waiting/within-ms.js';

/** How long a case waits for what must come. Only a case that fails gets there. */
export const DEFAULT_PATIENCE_MS = 30_000;

/** Far below what anything that is awaited takes, and no load for the machine. */
const INTERVAL_MS = 5;

/** Waits for something that has no event to await. */
export type Until = (probe: () => boolean | Promise<boolean>, what: string) => Promise<void>;

/** Looks again and again until it holds; rejects with what was awaited when the time is over. */
export const untilWithin =
  (patienceMs: number): Until =>
  async (probe, what) => {
    const deadline = performance.now() + patienceMs;
    while (!(await probe())) {
      if (performance.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`);
      await sleep(INTERVAL_MS);
    }
  };

/** A whole case may take twice that: one that hangs must fail, whatever the runner's own limit is. */
export const boundedCase = async (patienceMs: number, run: () => Promise<void>): Promise<void> => {
  const ms = 2 * patienceMs;
  await withinMs(run(), ms, () => new Error(`the case has not ended within ${ms} ms`));
};
