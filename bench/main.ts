import { endAll } from '../test/support/cleanup.js';
import { bridgeCase } from './cases/bridge.js';
import { clusterCommitsCase } from './cases/cluster-commits.js';
import { clusterRateCase } from './cases/cluster-rate.js';
import { clusterRestoreCase } from './cases/cluster-restore.js';
import { clusterTakeoverCase } from './cases/cluster-takeover.js';
import { exactlyOnceCase } from './cases/exactly-once.js';
import { keyedCase } from './cases/keyed.js';
import { latencyCase } from './cases/latency.js';
import { mqttPostgresCase } from './cases/mqtt-postgres.js';
import { postgresCase } from './cases/postgres.js';
import { recoveryCase } from './cases/recovery.js';
import { sinkCase } from './cases/sink.js';
import { sourceCase } from './cases/source.js';
import { storeCommitsCase } from './cases/store-commits.js';
import { type BenchOptions, parseBenchOptions } from './support/bench-options.js';
import { buildPackage } from './support/build-package.js';
import { formatTable } from './support/format-table.js';
import { machineLine } from './support/machine.js';
import { type Comparison, cpuPerMessage, ratePerSecond } from './support/result.js';
import { writeDocument, writeTables } from './support/write-document.js';

/*
 * npm run bench -- [--quick] [--only NAME] [--rounds N] [--json] [--write]
 *
 * Every contender is a process of its own, and each table comes from one run. With --only, --write replaces those tables. Names: source-qos0 … sink-qos1-window20 … bridge-window1000.
 */

const CASES: readonly (readonly [string, (options: BenchOptions) => Promise<Comparison>])[] = [
  ['source-qos0', (options) => sourceCase(0, options)],
  ['source-qos1', (options) => sourceCase(1, options)],
  ['source-qos2', (options) => sourceCase(2, options)],
  ['sink-qos1-window1000', (options) => sinkCase(1, 1000, options)],
  ['sink-qos1-window20', (options) => sinkCase(1, 20, options)],
  ['sink-qos2-window1000', (options) => sinkCase(2, 1000, options)],
  ['sink-qos2-window20', (options) => sinkCase(2, 20, options)],
  ['bridge-window20', (options) => bridgeCase(20, options)],
  ['bridge-window1000', (options) => bridgeCase(1000, options)],
  ['exactly-once-window20', (options) => exactlyOnceCase(20, options)],
  ['exactly-once-window1000', (options) => exactlyOnceCase(1000, options)],
  ['latency-1000', (options) => latencyCase(1000, options)],
  ['latency-5000', (options) => latencyCase(5000, options)],
  ['recovery', recoveryCase],
  ['keyed-10000', (options) => keyedCase(10_000, options)],
  ['keyed-2000000', (options) => keyedCase(2_000_000, options)],
  ['postgres-rows64', (options) => postgresCase(64, options)],
  ['postgres-rows1024', (options) => postgresCase(1024, options)],
  ['postgres-backlog', mqttPostgresCase],
  ['cluster-window1000', (options) => clusterRateCase(1000, options)],
  ['cluster-window20', (options) => clusterRateCase(20, options)],
  ['cluster-commits', clusterCommitsCase],
  ['cluster-takeover', clusterTakeoverCase],
  ['cluster-restore', clusterRestoreCase],
  // the store alone
  ['store-commits1', (options) => storeCommitsCase(1, options)],
  ['store-commits100', (options) => storeCommitsCase(100, options)],
  ['store-commits1000', (options) => storeCommitsCase(1000, options)],
];

async function main(): Promise<void> {
  const options = parseBenchOptions(process.argv.slice(2));
  const chosen = CASES.filter(([name]) => name.includes(options.only ?? ''));
  if (chosen.length === 0) throw new Error(`no benchmark is named like ${options.only}`);
  buildPackage();
  const comparisons: Comparison[] = [];
  for (const [, run] of chosen) {
    const comparison = await run(options);
    comparisons.push(comparison);
    if (!options.json) process.stdout.write(`\n${formatTable(comparison)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(comparisons.map(forMachines), undefined, 2)}\n`);
  if (options.write) write(comparisons, options);
}

function write(comparisons: readonly Comparison[], { only, rounds }: BenchOptions): void {
  const tables = comparisons.map(formatTable);
  if (only === undefined) writeDocument(`${machineLine()}\n\n${tables.join('\n')}`);
  else writeTables(tables, `${machineLine()} Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`);
}

function forMachines({ title, rows }: Comparison) {
  return {
    title,
    rows: rows.map(({ contender, measured }) => ({
      contender,
      messagesPerSecond: Math.round(ratePerSecond(measured)),
      cpuMicrosPerMessage: cpuPerMessage(measured),
      ...measured,
    })),
  };
}

try {
  await main();
} finally {
  await endAll();
}
