import { parseArgs } from 'node:util';
import { endAll } from '../test/support/cleanup.js';
import { startBenchMosquitto } from './support/bench-mosquitto.js';
import { buildPackage } from './support/build-package.js';
import type { Figures } from './support/contender.js';
import { fillBacklog } from './support/fill-backlog.js';
import { runContender } from './support/run-contender.js';

/*
 * npm run bench:calls -- [--messages N] [--list N]
 *
 * Function calls of the package for each message of a backlog that is bridged from one mosquitto to another, window 1000, and the files
 * they are in. Counted, not timed: another machine gives the same, within a call or two at QoS 1 and some fifteen exactly once,
 * where it depends on how many messages share a commit. `--list` adds the functions that are called most.
 */

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '30000' }, list: { type: 'string', default: '0' } },
});
const WINDOW = 1000;
const CLIENT_ID = 'bench-calls';

/** A file counts that has part in every other message at least. */
const PART = 0.5;

async function bridgeCalls(qos: 1 | 2, messages: number): Promise<Figures> {
  const from = await startBenchMosquitto(WINDOW);
  const to = await startBenchMosquitto(0);
  await fillBacklog(from.url, CLIENT_ID, { messages, qos });
  const task = { url: from.url, toUrl: to.url, qos, messages, window: WINDOW, clientId: CLIENT_ID };
  const { figures = {} } = await runContender('bridge-calls', task);
  await Promise.all([from.stop(), to.stop()]);
  return figures;
}

function print(name: string, figures: Figures, messages: number): void {
  const calls = Object.entries(figures).map(([of, count]) => ({ of, each: count / messages }));
  const all = calls.reduce((sum, { each }) => sum + each, 0);
  const files = new Set(calls.filter(({ each }) => each > PART).map(({ of }) => of.split(' ')[0]));
  console.log(`${name}: ${all.toFixed(1)} calls in ${files.size} files per message`);
  const most = calls.sort((a, b) => b.each - a.each).slice(0, Number(values.list));
  for (const { of, each } of most) console.log(`  ${each.toFixed(2).padStart(6)} ${of}`);
}

try {
  buildPackage('--apart');
  const messages = Number(values.messages);
  print('QoS 1 bridge', await bridgeCalls(1, messages), messages);
  print('exactly-once bridge', await bridgeCalls(2, messages), messages);
} finally {
  await endAll();
}
