import { readFileSync } from 'node:fs';
import { until } from '../until.js';

/** What a process has had in memory at the most since it began, in MiB; 0 when it has ended. Linux tells. */
export function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kib = 0] = status.match(/VmHWM:\s+(\d+) kB/) ?? [];
  return Number(kib) / 1024;
}

const STILL_MS = 700;

/** Resolves when what is measured has not changed for a while, or is 0: nobody takes more. */
export async function standsStill(measured: () => number, what: string): Promise<number> {
  let last = Number.NaN;
  let since = performance.now();
  const stands = () => {
    const now = measured();
    if (now !== last) since = performance.now();
    last = now;
    return performance.now() - since > STILL_MS;
  };
  await until(stands, { what: () => `an end of ${what}, at ${last}`, intervalMs: 50 });
  return last;
}
