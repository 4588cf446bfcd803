import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Resident memory of a process in bytes, over time. */
export interface RssSamples {
  readonly bytes: readonly number[];
  stop(): void;
}

/** Looks every `everyMs` until stopped. A process that has ended adds nothing. */
export function sampleRss(pid: number, everyMs: number): RssSamples {
  const bytes: number[] = [];
  const timer = setInterval(() => {
    const now = rssOf(pid);
    if (now !== undefined) bytes.push(now);
  }, everyMs);
  return { bytes, stop: () => clearInterval(timer) };
}

function rssOf(pid: number): number | undefined {
  try {
    const status = `/proc/${pid}/status`;
    const kilobytes = existsSync('/proc')
      ? /VmRSS:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return kilobytes === undefined || kilobytes === '' ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** The middle value; 0 of none. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
