import assert from 'node:assert/strict';
import type { PartitionLogs } from '../../../store/log/partition-log.js';
import type { ContractCase } from '../contract-case.js';
import { boundedCase, DEFAULT_PATIENCE_MS, untilWithin } from '../until.js';
import { APPEND_CASES } from './append-cases.js';
import type { LogHarness, LogRun } from './log-scene.js';
import { logsCases } from './logs-cases.js';
import { OWNER_CASES } from './owner-cases.js';
import { READING_CASES } from './reading-cases.js';

/** Every case that every log of a partition must pass: the rules of `PartitionLog` and `PartitionLogs`. */
export const logCases = (harness: LogHarness): readonly ContractCase[] => {
  const { limits, patienceMs = DEFAULT_PATIENCE_MS } = harness;
  return [
    ...[...APPEND_CASES, ...READING_CASES, ...OWNER_CASES].map(([name, run, limit]) => ({
      name,
      skip: limit === undefined ? undefined : limits[limit],
      run: () => boundedCase(patienceMs, () => withLog(harness, run)),
    })),
    ...logsCases(limits).map(([name, run, skip]) => ({
      name,
      skip,
      run: () => boundedCase(patienceMs, async () => run(await harness.start())),
    })),
  ];
};

/** Runs a case over a log, and closes the providers that are open. */
const withLog = async ({ start, patienceMs = DEFAULT_PATIENCE_MS }: LogHarness, run: LogRun): Promise<void> => {
  const { logs, again, rival } = await start();
  let provider = logs;
  const rivals: PartitionLogs[] = [];
  const reopen = async () => {
    provider = await again();
    return provider.open('a job', 0);
  };
  const openRival = async () => {
    assert.ok(rival !== undefined, 'the fixture has `rival`, or the limit `sharing`');
    const opened = await rival();
    rivals.push(opened);
    return opened.open('a job', 0);
  };
  try {
    await run({ log: await logs.open('a job', 0), reopen, openRival, until: untilWithin(patienceMs) });
  } finally {
    await Promise.all([provider, ...rivals].map((opened) => opened.close()));
  }
};
