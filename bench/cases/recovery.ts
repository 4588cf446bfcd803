import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startMosquitto } from '../../test/support/brokers/mosquitto.js';
import { tempDir } from '../../test/support/temp-dir.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { type Comparison, figureColumn } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';

const BACKLOGS = [10_000, 100_000, 1_000_000];
const QUIET = ['log_type none', 'max_inflight_messages 0', 'max_queued_messages 0'];

/** A job is killed with so many rows in its outbox: how long the next process takes to go on. */
export async function recoveryCase(options: BenchOptions): Promise<Comparison> {
  const entries = BACKLOGS.map((backlog) => {
    const messages = Math.round(backlog * options.scale);
    return { contender: `${messages.toLocaleString('en-US')} messages`, measure: () => measure(messages) };
  });
  const { title, rows } = await compare('Recovery after kill -9 with a backlog in the outbox', entries, {
    rounds: options.rounds,
    by: ({ figures }) => figures?.runningMs ?? 0,
  });
  return { title, rows, columns: COLUMNS };
}

const COLUMNS = [
  figureColumn('store MB', 'storeMb', 0),
  figureColumn('ms to RUNNING', 'runningMs', 0),
  figureColumn('ms to the first delivery', 'deliveredMs', 0),
  figureColumn('ms of Node before', 'processMs', 0),
];

async function measure(messages: number): Promise<Measured> {
  const broker = await startMosquitto({ config: QUIET });
  const dir = tempDir('bench-recovery');
  const task = { url: '', toUrl: broker.url, qos: 2, messages, window: 1000, clientId: 'bench-recovery', dir } as const;
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

const bytesIn = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
