import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Resident memory of a process in bytes, over time. */
export interface RssSamples {
  readonly bytes: readonly number[];
  stop(): void;
}

/** All of it, or without pages of files, which the kernel takes back when it needs them. */
export type RssKind = 'all' | 'own';

/** Looks every `everyMs` until stopped. A process that has ended adds nothing. `own` is Linux alone; elsewhere it is all. */
export function sampleRss(pid: number, everyMs: number, kind: RssKind = 'all'): RssSamples {
  const bytes: number[] = [];
  const timer = setInterval(() => {
    const now = rssOf(pid, kind);
    if (now !== undefined) bytes.push(now);
  }, everyMs);
  return { bytes, stop: () => clearInterval(timer) };
}

function rssOf(pid: number, kind: RssKind): number | undefined {
  try {
    const status = `/proc/${pid}/status`;
    const kilobytes = existsSync('/proc')
      ? PATTERNS[kind].exec(readFileSync(status, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return kilobytes === undefined || kilobytes === '' ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

const PATTERNS = { all: /VmRSS:\s+(\d+)/, own: /RssAnon:\s+(\d+)/ } as const;

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** The middle value; 0 of none. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
