import { killSeed } from './kill/kill-seed.js';

/** True in `npm run test:full`: sweeps, seeds and counts are whole, not a sample. */
export const fullRun = process.env.MILLRACE_FULL === '1';

/** True in the full run of CI, which has two slow processors and an hour: of what is counted it plays a share, and of sweeps the sample. */
export const ciRun = fullRun && process.env.CI === 'true';

const CI_SHARE = 0.4;

/** How many are played: a sample, in a full run all of them, in that of CI a share. */
export function howMany({ sample, full }: { readonly sample: number; readonly full: number }): number {
  if (!fullRun) return sample;
  return ciRun ? Math.max(sample, Math.ceil(full * CI_SHARE)) : full;
}

/** Why the one at `index` of many is not played: a sample has every second of them, the seed says from which on. As `skip` of a test. */
export function leftOut(index: number): string | false {
  return fullRun || (index + killSeed) % 2 === 0 ? false : 'npm run test:full';
}
