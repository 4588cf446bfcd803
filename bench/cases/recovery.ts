import { rmSync } from 'node:fs';
import { startMosquitto } from '../../test/support/brokers/mosquitto.js';
import { tempDir } from '../../test/support/temp-dir.js';
import type { BenchOptions } from '../support/bench-options.js';
import { bytesIn } from '../support/bytes-in.js';
import { compare } from '../support/compare.js';
import type { StoreForm } from '../support/contender.js';
import { type Comparison, figureColumn } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';

const BACKLOGS: readonly { readonly backlog: number; readonly store: StoreForm }[] = [
  { backlog: 10_000, store: 'log' },
  { backlog: 100_000, store: 'log' },
  { backlog: 1_000_000, store: 'log' },
  { backlog: 1_000_000, store: 'lmdb' },
];
const QUIET = ['log_type none', 'max_inflight_messages 0', 'max_queued_messages 0'];

/** A job is killed with so many rows in its outbox: how long the next process takes to go on. */
export async function recoveryCase(options: BenchOptions): Promise<Comparison> {
  const entries = BACKLOGS.map(({ backlog, store }) => {
    const messages = Math.round(backlog * options.scale);
    const contender = `${messages.toLocaleString('en-US')} messages${store === 'lmdb' ? ', LMDB alone' : ''}`;
    return { contender, measure: () => measure(messages, store) };
  });
  const comparison = await compare('Recovery after kill -9 with a backlog in the outbox', entries, {
    rounds: options.rounds,
    by: ({ figures }) => figures?.runningMs ?? 0,
  });
  return { ...comparison, columns: COLUMNS };
}

const COLUMNS = [
  figureColumn('store MB', 'storeMb', 0),
  figureColumn('ms to RUNNING', 'runningMs', 0),
  figureColumn('ms to the first delivery', 'deliveredMs', 0),
  figureColumn('ms of Node before', 'processMs', 0),
];

async function measure(messages: number, store: StoreForm): Promise<Measured> {
  const broker = await startMosquitto({ config: QUIET });
  const dir = tempDir('bench-recovery');
  const of = { url: '', toUrl: broker.url, clientId: 'bench-recovery', dir, store };
  const task = { ...of, qos: 2, messages, window: 1000 } as const;
  try {
    // away from the moment the job runs: the session stays, nothing is answered
    await runContender('outbox-fill', task, { start: () => broker.suspend(), finish: async () => undefined });
    const storeMb = bytesIn(dir) / 1e6;
    broker.resume();
    return await runContender('outbox-recover', task, { start: () => {}, finish: async () => ({ storeMb }) });
  } finally {
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
