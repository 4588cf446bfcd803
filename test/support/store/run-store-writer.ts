import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../child-process.js';
import { programArgs } from '../program-args.js';
import { straceProblem } from '../strace-inject.js';
import { RECORDED_CALLS } from './power-loss.js';
import { CHANGING_CALLS } from './recorded-calls.js';
import { openStores, type StoreForm } from './store-form.js';
import { checkHistory, historyCommit } from './store-history.js';

const STRACE = '/usr/bin/strace';
const RECORD_ALL = [
  '-f',
  '-qq',
  '-y',
  '-xx',
  '-s',
  '1000000',
  '-e',
  `trace=${CHANGING_CALLS}`,
  '-e',
  'status=successful',
];

/** Why these tests cannot run here; false when they can. */
export const withoutStrace: string | false = straceProblem() ?? false;

/** What a writer did, see `store-writer.ts` and `log-writer.ts`. */
export interface WriterRun {
  readonly said: readonly string[];
  readonly stderr: readonly string[];
  readonly signal: string | null;
  /** The number of the last commit that was durable by its own word; -1 for none. */
  readonly durable: number;
  /** System calls on the file that was watched, as strace prints them. */
  readonly calls: readonly string[];
}

/** What to write, and what happens to it. */
export interface WriterFault {
  readonly from?: number;
  readonly to?: number;
  readonly rows?: number;
  /** Default `lmdb`. */
  readonly form?: StoreForm;
  /** In strace's form: `fdatasync:error=EIO:when=3`. Counted are the calls on `file` of all threads. */
  readonly inject?: string | readonly string[];
  /** System calls to record, with the files that they are on, whichever these are: `fsync,rename`. */
  readonly trace?: string;
  /** What is watched. Default the data file of the form `lmdb`. */
  readonly file?: string | readonly string[];
  /** Record what it writes to the data file, see `power-loss.ts`. */
  readonly record?: boolean;
  /** Record all that it does to any file, see `recorded-calls.ts`. */
  readonly recordAll?: boolean;
  /** Kill it so many milliseconds after it opened the store. */
  readonly killAfterMs?: number;
  /** Which one. Default that of stores. */
  readonly writer?: 'store-writer' | 'log-writer';
  /** What runs the writer, before the path of node. */
  readonly prefix?: readonly string[];
}

/** Of the job of the history, in a directory. */
export const HISTORY_JOB = 'job-history-259aa8ef98a8';

/** The data file of the history in a directory, or another one beside it. */
export const historyFile = (dir: string, ending = 'mdb'): string => join(dir, HISTORY_JOB, `partition-0.${ending}`);

/** Writes the first `count` commits of a history in this process. */
export async function writeHistory(dir: string, count: number, rows = 20, form: StoreForm = 'lmdb'): Promise<void> {
  const stores = await openStores(dir, form);
  try {
    const store = await stores.open('history', 0);
    for (let number = 0; number < count; number++) await store.commit(historyCommit(number, rows));
  } finally {
    await stores.close();
  }
}

/** Opens the store that a writer left, checks that its history is whole, and gives its last commit. It takes a further one, too. */
export async function recoverHistory(dir: string, rows = 20, form: StoreForm = 'lmdb'): Promise<number> {
  const stores = await openStores(dir, form);
  try {
    const store = await stores.open('history', 0);
    const number = checkHistory(store);
    await store.commit(historyCommit(number + 1, rows));
    checkHistory(store);
    return number;
  } finally {
    await stores.close();
  }
}

/** Runs a writer to its end. */
export async function runStoreWriter(dir: string, fault: WriterFault): Promise<WriterRun> {
  const {
    from = 0,
    to = 1_000_000,
    rows = 20,
    form = 'lmdb',
    killAfterMs,
    prefix = [],
    writer: name = 'store-writer',
  } = fault;
  const log = `${dir}.strace`;
  const node = [process.execPath, ...programArgs(`test/support/store/${name}.ts`)];
  const writer = [...prefix, ...node, dir, `${from}`, `${to}`, `${rows}`, form];
  const watched = [fault.inject, fault.trace, fault.record, fault.recordAll].some((what) => what !== undefined);
  const [command = '', ...args] = watched ? [...strace(dir, log, fault), ...writer] : writer;
  // strace counts calls for each thread: one thread has them all.
  const child = startChild(command, args, { env: { UV_THREADPOOL_SIZE: '1' } });
  if (killAfterMs !== undefined) {
    await child.waitForLine(/^open$/);
    await new Promise((resolve) => setTimeout(resolve, killAfterMs));
    child.signal('SIGKILL');
  }
  const { signal } = await child.exited;
  const durable = Number(child.stdout.findLast((line) => line.startsWith('durable'))?.split(' ')[1] ?? -1);
  const calls = watched ? readFileSync(log, 'utf8').split('\n') : [];
  return { said: child.stdout, stderr: child.stderr, signal, durable, calls };
}

function strace(dir: string, log: string, fault: WriterFault): string[] {
  const { inject, trace, recordAll, file = historyFile(dir) } = fault;
  if (recordAll === true) return [STRACE, '-o', log, ...RECORD_ALL];
  if (trace !== undefined) return [STRACE, '-f', '-qq', '-y', '-o', log, '-e', `trace=${trace}`];
  const common = [STRACE, '-f', '-qq', '-o', log, ...[file].flat().flatMap((path) => ['-P', path])];
  if (inject === undefined) return [...common, '-xx', '-s', '1000000', '-e', `trace=${RECORDED_CALLS}`];
  const faults = [inject].flat();
  const traced = new Set([...faults.map((one) => one.split(':')[0]), 'fdatasync']);
  return [...common, '-y', '-e', `trace=${[...traced].join(',')}`, ...faults.flatMap((one) => ['-e', `inject=${one}`])];
}
