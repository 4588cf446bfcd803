import { endAll } from '../test/support/cleanup.js';
import { type BenchCase, CASES } from './cases/cases.js';
import { aimsTable } from './support/aims-table.js';
import { parseBenchOptions, type RunOptions } from './support/bench-options.js';
import { buildPackage } from './support/build-package.js';
import { formatTable } from './support/format-table.js';
import { machineLine } from './support/machine.js';
import { type Comparison, cpuPerMessage, ratePerSecond } from './support/result.js';
import { knownAims, writeDocument, writeTables } from './support/write-document.js';

/*
 * npm run bench -- [--quick] [--only NAME] [--rounds N] [--json] [--write]
 *
 * Every contender is a process of its own, and each table comes from one run. With --only, --write replaces those tables; a quick run writes
 * nothing. The names are in cases/cases.ts.
 */

async function main(): Promise<void> {
  const options = parseBenchOptions(process.argv.slice(2));
  const chosen = CASES.filter(({ name }) => name.includes(options.only ?? ''));
  if (chosen.length === 0) throw new Error(`no benchmark is named like ${options.only}`);
  buildPackage();
  const startedAt = performance.now();
  const measured = new Map<string, readonly Comparison[]>();
  for (const one of chosen) {
    const comparisons = await runCase(one, options);
    if (comparisons === undefined) continue;
    measured.set(one.name, comparisons);
    if (!options.json) for (const comparison of comparisons) process.stdout.write(`\n${formatTable(comparison)}\n`);
  }
  if (options.json)
    process.stdout.write(`${JSON.stringify([...measured.values()].flat().map(forMachines), undefined, 2)}\n`);
  else if (!options.quick) process.stdout.write(`\n${aimsTable(measured, '')}\n`);
  const minutes = Math.ceil((performance.now() - startedAt) / 60_000);
  if (options.write) write(measured, { options, minutes });
}

/** Nothing of a case that failed, which is told: the others take half an hour, and `--only` measures it again. */
async function runCase(
  { name, rounds, run }: BenchCase,
  options: RunOptions,
): Promise<readonly Comparison[] | undefined> {
  const startedAt = performance.now();
  try {
    return [await run({ scale: options.scale, rounds: options.rounds ?? rounds })].flat();
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : error}\n`);
    return undefined;
  } finally {
    process.stderr.write(`${name} took ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  }
}

interface Written {
  readonly options: RunOptions;
  readonly minutes: number;
}

function write(measured: ReadonlyMap<string, readonly Comparison[]>, { options, minutes }: Written): void {
  const tables = [...measured.values()].flat().map(formatTable);
  const aims = aimsTable(measured, options.only === undefined ? '' : knownAims());
  if (options.only === undefined)
    writeDocument(`${machineLine()} It took ${minutes} minutes.\n\n${aims}\n${tables.join('\n')}`);
  else writeTables(aims, tables, machineLine());
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
