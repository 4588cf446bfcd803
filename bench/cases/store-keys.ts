import { rmSync } from 'node:fs';
import { tempDir } from '../../test/support/temp-dir.js';
import type { BenchOptions } from '../support/bench-options.js';
import { onDisk } from '../support/busy-disk.js';
import { bytesIn } from '../support/bytes-in.js';
import { compare } from '../support/compare.js';
import type { ContenderTask } from '../support/contender.js';
import { type Comparison, CPU, figureColumn, RATE, RSS } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';
import { STORES } from '../support/stores.js';

/** Keys of a state, and how many messages it gets: on a busy disk not all two million, which take minutes there. */
const STATES = [
  { keys: 10_000, messages: { quiet: 1_000_000, busy: 1_000_000 } },
  { keys: 2_000_000, messages: { quiet: 2_000_000, busy: 300_000 } },
] as const;

/** State by key, with the store and with LMDB alone: how fast it takes new keys, and how long the next process takes after `kill -9`. */
export async function storeKeysCase(disk: 'quiet' | 'busy', options: BenchOptions): Promise<Comparison> {
  const entries = STATES.flatMap(({ keys, messages }) =>
    STORES.map(({ name, store }) => ({
      contender: `${keys.toLocaleString('en-US')} keys, ${name}`,
      measure: () => measure({ keys, store, messages: Math.round(messages[disk] * options.scale) }),
    })),
  );
  const title = `The store beside LMDB alone: state by key, exactly once, on a ${disk} disk`;
  const compared = await onDisk(disk, () => compare(title, entries, options));
  return { ...compared, columns: COLUMNS };
}

const COLUMNS = [
  RATE,
  CPU,
  RSS,
  figureColumn('files MB', 'storeMb', 0),
  figureColumn('ms to RUNNING after `kill -9`', 'runningMs', 0),
  figureColumn('ms to a commit of old keys', 'committedMs', 0),
];

async function measure(of: Pick<ContenderTask, 'keys' | 'store' | 'messages'>): Promise<Measured> {
  const dir = tempDir('bench-keys');
  const task: ContenderTask = { url: '', toUrl: '', qos: 2, window: 0, clientId: 'keys', dir, ...of };
  try {
    const filled = await runContender('keyed-fill', task);
    const storeMb = bytesIn(dir) / 1e6;
    const { figures } = await runContender('keyed-recover', task);
    return { ...filled, figures: { ...figures, storeMb } };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
