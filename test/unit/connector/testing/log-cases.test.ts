import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LogLimits, logCases } from '../../../../src/connector/testing/index.js';
import { MemoryLogs } from '../../../../src/store/log/memory/memory-logs.js';
import type { LogEntry, PartitionLog, PartitionLogs } from '../../../../src/store/log/partition-log.js';
import { type Broken, breaking } from '../../../support/ends/broken-ends.js';
import { SUITE_LIMIT } from '../../../support/limits.js';

type LogBreach = (log: PartitionLog) => Broken<PartitionLog>;

const bound = (log: PartitionLog): PartitionLog => ({
  location: log.location,
  identity: log.identity,
  shared: log.shared,
  maxRecordBytes: log.maxRecordBytes,
  last: () => log.last(),
  append: (record, expected) => log.append(record, expected),
  read: (after, upTo) => log.read(after, upTo),
  trim: (upTo) => log.trim(upTo),
  close: () => log.close(),
});

const casesWith = (breach: LogBreach, limits: LogLimits = {}) => {
  const wrap = (logs: MemoryLogs): PartitionLogs => ({
    location: logs.location,
    blobs: (job, partition) => logs.blobs(job, partition),
    open: async (job, partition) => {
      const log = await logs.open(job, partition);
      return breaking(bound(log), breach(log));
    },
    close: () => logs.close(),
  });
  return logCases({
    patienceMs: 5_000,
    start: async () => {
      const logs = new MemoryLogs();
      const again = async () => {
        await logs.close();
        return wrap(new MemoryLogs(logs));
      };
      return { logs: wrap(logs), again, rival: async () => wrap(new MemoryLogs(logs)) };
    },
    limits,
  });
};

async function* without(log: PartitionLog, after: number, upTo: number, left: (entry: LogEntry) => boolean) {
  for await (const entry of log.read(after, upTo)) if (!left(entry)) yield entry;
}

async function* untilCorrupt(log: PartitionLog, after: number, upTo: number) {
  try {
    yield* log.read(after, upTo);
  } catch {
    // as if nothing more were there
  }
}

/** Where it is refused it tries again behind the end. */
const behindAny: LogBreach = (log) => ({
  append: async (record: Uint8Array, expected: number) => {
    try {
      return await log.append(record, expected);
    } catch {
      return log.append(record, (await log.last())?.seq ?? 0);
    }
  },
});

const BREACHES: readonly [what: string, name: string, breach: LogBreach, message: RegExp][] = [
  ['any place will do', 'PL1: a record enters behind the last one only', behindAny, /Missing expected rejection/],
  ['any place will do', 'PL1: who is behind another owner gets nothing in any more', behindAny, /Missing expected/],
  ['any place will do', 'PL1: of two that append at one place one enters', behindAny, /both behind/],
  [
    'any place will do',
    'C1: a log that changes hands is one chain, and former owners are shut out',
    behindAny,
    /Missing expected/,
  ],
  [
    'the first place is refused alone',
    'PL1: a record enters behind the last one only',
    (log) => ({
      append: async (record: Uint8Array, expected: number) =>
        log.append(record, expected === 0 ? 0 : ((await log.last())?.seq ?? 0)),
    }),
    /Missing expected rejection/,
  ],
  [
    'equal records are one',
    'PL1: records of the same bytes are each one of their own',
    (log) => ({
      append: async (record: Uint8Array, expected: number) => {
        const last = await log.last();
        if (last !== undefined && Buffer.compare(last.record, record) === 0) return last.seq;
        return log.append(record, expected);
      },
    }),
    /records/,
  ],
  [
    'an empty record is left out',
    'records of any size come back as they were',
    (log) => ({
      read: (after: number, upTo: number) => without(log, after, upTo, ({ record }) => record.byteLength === 0),
    }),
    /records/,
  ],
  [
    'the end is left out',
    'PL4: a read gives every record behind its start, up to its end',
    (log) => ({ read: (after: number, upTo: number) => without(log, after, upTo, ({ seq }) => seq === upTo) }),
    /from 0 to 1/,
  ],
  [
    'a read begins with what the log has',
    'PL4: a record that is gone is STORE_CORRUPT, never left out',
    (log) => ({ read: (after: number, upTo: number) => log.read(Math.max(after, 6), upTo) }),
    /behind 0/,
  ],
  [
    'a read that fails ends',
    'PL4: a read that is under way when the log is closed gives all, or ends with an error',
    (log) => ({ read: (after: number, upTo: number) => untilCorrupt(log, after, upTo) }),
    /1 !== 500/,
  ],
  [
    'trimming takes one more',
    'PL5: trimming keeps what is above its end',
    (log) => ({ trim: (upTo: number) => log.trim(upTo + 1) }),
    /has no record/,
  ],
  [
    'a writer’s memory is kept',
    'bytes are the writer’s again when it is in, and the reader’s for good',
    (log) => {
      let kept: LogEntry | undefined;
      return {
        append: async (record: Uint8Array, expected: number) => {
          const seq = await log.append(record, expected);
          kept = { seq, record };
          return seq;
        },
        last: async () => kept,
      };
    },
    /last|records|other bytes/,
  ],
  [
    'closing waits for nothing',
    'closing waits for the append under way, and may be called twice',
    (log) => ({
      append: async (record: Uint8Array, expected: number) => {
        await new Promise(setImmediate);
        return log.append(record, expected);
      },
    }),
    /closed before the record was in/,
  ],
  [
    'what is too large is taken',
    'PL2: a record that is too large is refused, nothing is written, and the log goes on',
    () => ({ maxRecordBytes: 2 * 1_048_576 }),
    /Missing expected rejection/,
  ],
  [
    'all logs are one',
    'a log is the same one as long as it is there, and no other is',
    () => ({ identity: 'log' }),
    /one identity/,
  ],
  [
    'a log is another at each opening',
    'a log is the same one as long as it is there, and no other is',
    () => ({ identity: `${Math.random()}` }),
    /strictly equal/,
  ],
  [
    'it says nothing of others',
    'a log says whether another owner can take it',
    () => ({ shared: false }),
    /strictly equal/,
  ],
  [
    'a series comes out otherwise',
    'any series of appends, trims and openings gives what a list gives',
    (log) => ({ trim: (upTo: number) => log.trim(2 * upTo) }),
    /step|has no record/,
  ],
];

describe('the cases of a log', SUITE_LIMIT, () => {
  it('have names of their own, and a limit rules out what it says', () => {
    const cases = casesWith(() => ({}), { sharing: 'one owner' });
    assert.ok(cases.length > 25);
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    assert.deepEqual(new Set(cases.map(({ skip }) => skip)), new Set([undefined, 'one owner']));
  });

  for (const [what, name, breach, message] of BREACHES) {
    it(`fail where ${what}: ${name}`, async () => {
      const found = casesWith(breach).find((one) => one.name === name);
      assert.ok(found?.skip === undefined && found !== undefined, `there is no case "${name}"`);
      await assert.rejects(found.run, message);
    });
  }
});
