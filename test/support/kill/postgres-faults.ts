import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../seeded-random.js';
import type { Postgres } from '../servers/postgres.js';
import { until } from '../until.js';
import type { PostgresKillRig } from './postgres-kill-rig.js';

/** Something that goes wrong, and ends with process and server running. */
export type PostgresFault = (rig: PostgresKillRig, server: Postgres, random: SeededRandom) => Promise<void>;

/** By what they are. */
export const POSTGRES_FAULTS: Readonly<Record<string, PostgresFault>> = {
  'kill -9 of the process': async (rig) => {
    await rig.kill();
    await rig.start();
  },
  'kill -9 of the process, again in its start': async (rig, _server, random) => {
    await rig.kill();
    await rig.spawn();
    await sleep(random.below(400));
    await rig.kill();
    await rig.start();
  },
  'an immediate stop of the server': async (_rig, server, random) => {
    await server.stop('immediate');
    await sleep(random.below(200));
    await server.start();
  },
  'both at once': async (rig, server) => {
    await Promise.all([rig.kill(), server.stop('immediate')]);
    await rig.spawn();
    await server.start();
  },
  'an end of all its connections': async (_rig, server) => {
    const others = 'pid <> pg_backend_pid() AND backend_type = $1';
    await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`, ['client backend']);
  },
  'a server that stands still for longer than it is waited for': async (_rig, server) => {
    server.suspend();
    await sleep(3500);
    server.resume();
  },
};

/** What is struck, and how often. */
export interface PostgresStrikes {
  readonly rig: PostgresKillRig;
  readonly server: Postgres;
  readonly random: SeededRandom;
  /** The names of the faults, one after another. */
  readonly faults: readonly string[];
  /** Messages per second. */
  readonly perSecond: number;
}

/** A load, and faults under it, each at a random moment behind a message. */
export const strike = async ({ rig, server, random, faults, perSecond }: PostgresStrikes): Promise<void> => {
  await rig.start();
  rig.load.pour(perSecond);
  for (const name of faults) {
    const before = rig.load.sent.length;
    await sleep(50 + random.below(400));
    await until(() => rig.load.sent.length > before, { what: 'load' });
    await POSTGRES_FAULTS[name]?.(rig, server, random);
  }
  await rig.load.stop();
};
