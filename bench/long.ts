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
 * Memory over 25 million messages, over a minute without the sink's broker, with five million messages in an outbox, and with open
 * windows of ten million keys. Exit code 1 when a promise does not hold. With --write what was measured goes into docs/benchmarks.md, a
 * case in the place of the same one.
 */

const { values } = parseArgs({
  options: {
    messages: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '5000' },
    keys: { type: 'string', default: '10000000' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

/** What `--only` chooses from. */
interface LongCase {
  readonly name: string;
  readonly title: string;
  run(): Promise<readonly Verdict[]>;
}

/** In the order of the document. */
const CASES: readonly LongCase[] = [
  { name: 'memory', title: 'A bridge over many messages', run: () => flatMemory(Number(values.messages ?? 25e6)) },
  {
    name: 'outage',
    title: 'A bridge whose sink is away',
    run: () => sinkOutage(Number(values.seconds) * 1000, Number(values.rate)),
  },
  { name: 'outbox', title: 'A long outbox', run: () => outboxMemory(Number(values.messages ?? 5e6)) },
  { name: 'windows', title: 'Windows of many keys', run: () => windowsMemory(Number(values.keys)) },
];

const tableOf = (title: string, verdicts: readonly Verdict[]): string =>
  [
    `### ${title}`,
    '',
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
  for (const { name, title, run } of CASES) {
    if (!name.includes(values.only)) continue;
    const verdicts = await run();
    verdicts.forEach(printVerdict);
    if (verdicts.some(({ holds }) => !holds)) process.exitCode = 1;
    if (values.write) writeLong(tableOf(title, verdicts));
  }
} finally {
  await endAll();
}
