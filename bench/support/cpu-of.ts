import { existsSync, readFileSync } from 'node:fs';

/** Of the kernel's accounts; it is 100 on all Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Microseconds of CPU that a process has used so far. 0 where there is no `/proc`. */
export function cpuMicrosOf(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  // behind the name of the program, which may have blanks in it
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND;
}
