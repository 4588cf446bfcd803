import { parseArgs } from 'node:util';
import { endAll } from '../test/support/cleanup.js';
import { flatMemory } from './cases/flat-memory.js';
import { outboxMemory } from './cases/outbox-memory.js';
import { sinkOutage } from './cases/sink-outage.js';
import { buildPackage } from './support/build-package.js';
import { machineLine } from './support/machine.js';
import { printVerdict, type Verdict } from './support/verdict.js';

/*
 * npm run bench:long -- [--messages N] [--seconds N] [--rate N] [--only memory|outage|outbox]
 *
 * Memory over five million messages, over a minute without the sink's broker, and with five million messages in an outbox. Exit code 1 when a promise does not hold.
 */

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '5000000' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '5000' },
    only: { type: 'string', default: '' },
  },
});

const CASES: Readonly<Record<string, () => Promise<readonly Verdict[]>>> = {
  memory: () => flatMemory(Number(values.messages)),
  outage: () => sinkOutage(Number(values.seconds) * 1000, Number(values.rate)),
  outbox: () => outboxMemory(Number(values.messages)),
};

try {
  buildPackage();
  process.stdout.write(`${machineLine()}\n`);
  for (const [name, run] of Object.entries(CASES)) {
    if (!name.includes(values.only)) continue;
    for (const verdict of await run()) {
      printVerdict(verdict);
      if (!verdict.holds) process.exitCode = 1;
    }
  }
} finally {
  await endAll();
}
