import { join, relative } from 'node:path';
import { HISTORY_JOB, runStoreWriter, type WriterFault, type WriterRun } from './run-store-writer.js';

/** System calls by which a process changes files, or makes durable what it has changed. */
const CHANGES = '/^(openat|mkdir(at)?|rename(at2?)?|unlink(at)?|rmdir|ftruncate|p?writev?(64)?|fsync|fdatasync)$';

/** A system call of a writer that changes what the history has. */
export interface ChangingCall {
  readonly call: string;
  /** The how manieth of that name it is, of those of its thread on `files`. */
  readonly nth: number;
  /** As strace prints it, with the files. */
  readonly line: string;
  /** What the calls are on, from the directory of the stores. */
  readonly files: readonly string[];
  /** The file that it is on. */
  readonly file: string;
  /** The how manieth it is of those of its thread on that file. */
  readonly nthOfFile: number;
}

/** Runs a writer and gives the calls by which it changed the history, in their order. */
export async function changingCalls(dir: string, fault: WriterFault): Promise<readonly ChangingCall[]> {
  const { calls } = await runStoreWriter(dir, { ...fault, trace: CHANGES });
  const files = new Set<string>();
  const counts = new Map<string, number>();
  const found: Omit<ChangingCall, 'files'>[] = [];
  for (const line of calls) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    const named = filesOf(line);
    if (call === undefined || named.length === 0) continue;
    for (const file of named) files.add(relative(dir, file));
    const file = relative(dir, named[0] ?? '');
    const nth = next(counts, `${thread} ${call}`);
    const nthOfFile = next(counts, `${thread} ${call} ${file}`);
    if (call !== 'openat' || line.includes('O_CREAT')) found.push({ call, nth, line, file, nthOfFile });
  }
  return found.map((one) => ({ ...one, files: [...files] }));
}

function next(counts: Map<string, number>, key: string): number {
  const nth = (counts.get(key) ?? 0) + 1;
  counts.set(key, nth);
  return nth;
}

/** The same call, counted on its file alone: for one whose files are called the same in each run. */
export const onItsFile = (call: ChangingCall): ChangingCall => ({ ...call, nth: call.nthOfFile, files: [call.file] });

const filesOf = (line: string): string[] =>
  [...line.matchAll(/[<"]([^<>"]*)[>"]/g)].flatMap(([, text = '']) => (text.includes(`/${HISTORY_JOB}`) ? [text] : []));

/** What strikes a writer at a call. */
export type Strike = 'signal=KILL' | 'error=EIO' | 'error=ENOSPC';

/** Runs a writer in another directory that is as the first one was, and strikes it at that call. */
export const runStruck = (
  dir: string,
  { call, nth, files }: ChangingCall,
  { by, ...fault }: WriterFault & { readonly by: Strike },
): Promise<WriterRun> =>
  runStoreWriter(dir, { ...fault, file: files.map((file) => join(dir, file)), inject: `${call}:${by}:when=${nth}` });

const NEARBY = [0, 0, 1, -1, 2, -2];

/** The call that is struck at an attempt: commits and snapshots are beside each other, and what was the third call in one run is the fourth in another. */
export const nearby = (call: ChangingCall, attempt: number): ChangingCall => ({
  ...call,
  nth: Math.max(1, call.nth + (NEARBY[attempt % NEARBY.length] ?? 0)),
});

/** The call that was struck, as strace prints it. */
export const struckCall = ({ calls, signal }: WriterRun): string =>
  (signal === null
    ? calls.find((line) => line.includes('(INJECTED)'))
    : calls.findLast((line) => /^\d+ +\w+\(/.test(line))) ?? 'none';
