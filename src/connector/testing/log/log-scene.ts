import assert from 'node:assert/strict';
import type { LogEntry, PartitionLog, PartitionLogs } from '../../../store/log/partition-log.js';
import type { Until } from '../until.js';

/** A provider of logs, empty at first. */
export interface LogFixture {
  /** Open, with no log in it. A case closes it, or what `again` gave last. */
  readonly logs: PartitionLogs;
  /** Closes it and gives one with the same content. */
  again(): Promise<PartitionLogs>;
  /** What another owner has at the same time, over the same logs. A case closes it. */
  rival?(): Promise<PartitionLogs>;
}

/** The published limits of a log: a case that one rules out is skipped, with the limit. */
export interface LogLimits {
  /** Why two cannot have a log open at once. Absent: they can, and the fixture has `rival`. */
  readonly sharing?: string;
}

/** How to make a provider of logs, and its published limits. */
export interface LogHarness {
  /** Called once for each case that is not skipped. */
  start(): Promise<LogFixture>;
  /** Empty for a log that has none. */
  readonly limits: LogLimits;
  /** Milliseconds that a case waits for what must come; the whole case may take twice that. Default 30,000. */
  readonly patienceMs?: number;
}

/** What a case works with. */
export interface LogScene {
  /** Open, and empty at first. */
  readonly log: PartitionLog;
  /** Opens what it left behind: the log before is closed. */
  reopen(): Promise<PartitionLog>;
  /** Opens it as another owner, who has it at the same time. */
  openRival(): Promise<PartitionLog>;
  /** Waits as long as the patience of the harness. */
  readonly until: Until;
}

/** One case over a log. */
export type LogRun = (scene: LogScene) => Promise<void>;

/** A case before it has a log: its name, what it does, and the limit that rules it out. */
export type NamedLogRun = readonly [name: string, run: LogRun, limit?: keyof LogLimits];

/** Bytes that tell a number and a size. */
export const recordOf = (number: number, size = 100): Buffer => Buffer.alloc(size, `${number} of ${size} `);

/** Appends records of these sizes behind one another, and gives what a reader must get. */
export const appendAll = async (
  log: PartitionLog,
  sizes: readonly number[],
  expected = 0,
): Promise<readonly LogEntry[]> => {
  const entries: LogEntry[] = [];
  let last = expected;
  for (const [index, size] of sizes.entries()) {
    const record = recordOf(last + index, size);
    const seq = await log.append(record, last);
    assert.ok(Number.isSafeInteger(seq) && seq > last, `seq ${seq} behind ${last}`);
    entries.push({ seq, record });
    last = seq;
  }
  return entries;
};

/** `count` records of the usual size. */
export const appendSome = (log: PartitionLog, count: number, expected = 0): Promise<readonly LogEntry[]> =>
  appendAll(log, new Array<number>(count).fill(100), expected);

/** The seq of the last one; 0 for none. */
export const lastSeq = (entries: readonly LogEntry[]): number => entries.at(-1)?.seq ?? 0;

/** What a log gives behind `after` and up to `upTo`. */
export const readAll = async (log: PartitionLog, after: number, upTo: number): Promise<LogEntry[]> => {
  const entries: LogEntry[] = [];
  for await (const entry of log.read(after, upTo)) entries.push(entry);
  return entries;
};

/** Records may be large: what differs is told by its place, without its bytes. */
export const assertEntries = (found: readonly LogEntry[], expected: readonly LogEntry[], what = 'records'): void => {
  assert.deepEqual(
    found.map(({ seq, record }) => `${seq}: ${record.byteLength} bytes`),
    expected.map(({ seq, record }) => `${seq}: ${record.byteLength} bytes`),
    what,
  );
  for (const [index, { seq, record }] of found.entries()) {
    const wanted = expected[index]?.record ?? new Uint8Array();
    assert.ok(Buffer.compare(record, wanted) === 0, `${what}: ${seq} has other bytes`);
  }
};

/** That the log has exactly these, by `read` and by `last`, which may be behind for a while. */
export const assertHas = async (
  log: PartitionLog,
  entries: readonly LogEntry[],
  { until }: Pick<LogScene, 'until'>,
): Promise<void> => {
  const last = entries.at(-1);
  await until(async () => (await log.last())?.seq === last?.seq, `the last record is ${last?.seq}`);
  const found = await log.last();
  assertEntries(found === undefined ? [] : [found], last === undefined ? [] : [last], 'last');
  assertEntries(await readAll(log, 0, lastSeq(entries)), entries);
};
