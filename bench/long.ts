import { parseArgs } from 'node:util';
import { endAll } from '../test/support/cleanup.js';
import { flatMemory } from './cases/flat-memory.js';
import { outboxMemory } from './cases/outbox-memory.js';
import { sinkOutage } from './cases/sink-outage.js';
import { windowsMemory } from './cases/windows-memory.js';
import { buildPackage } from './support/build-package.js';
import { machineLine } from './support/machine.js';
import { printVerdict, type Verdict } from './support/verdict.js';
import { writeLong } from './support/write-document.js';

/*
 * npm run bench:long -- [--messages N] [--seconds N] [--rate N] [--keys N] [--only memory|outage|outbox|windows] [--write]
 *
 * Memory over five million messages, over a minute without the sink's broker, with five million messages in an outbox, and with open
 * windows of ten million keys. Exit code 1 when a promise does not hold. With --write, and without --only, what was measured goes into docs/benchmarks.md.
 */

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '5000000' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '5000' },
    keys: { type: 'string', default: '10000000' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

const CASES: Readonly<Record<string, () => Promise<readonly Verdict[]>>> = {
  memory: () => flatMemory(Number(values.messages)),
  outage: () => sinkOutage(Number(values.seconds) * 1000, Number(values.rate)),
  outbox: () => outboxMemory(Number(values.messages)),
  windows: () => windowsMemory(Number(values.keys)),
};

const table = (verdicts: readonly Verdict[]): string =>
  [
    machineLine(),
    '',
    '| promise | measured | |',
    '|---|---|---|',
    ...verdicts.map(
      ({ promise, measured, holds }) => `| ${promise} | ${measured} | ${holds ? 'holds' : 'does not hold'} |`,
    ),
  ].join('\n');

try {
  buildPackage();
  process.stdout.write(`${machineLine()}\n`);
  const verdicts: Verdict[] = [];
  for (const [name, run] of Object.entries(CASES)) {
    if (!name.includes(values.only)) continue;
    for (const verdict of await run()) {
      printVerdict(verdict);
      verdicts.push(verdict);
      if (!verdict.holds) process.exitCode = 1;
    }
  }
  if (values.write && values.only === '') writeLong(table(verdicts));
} finally {
  await endAll();
}
