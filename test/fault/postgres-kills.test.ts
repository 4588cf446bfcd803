import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { fullRun } from '../support/full-run.js';
import { type KillBroker, startKillBroker } from '../support/kill/kill-brokers.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { PostgresKillRig } from '../support/kill/postgres-kill-rig.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { until } from '../support/until.js';

/*
 * The real command between a real broker and a real database, under load, while process and server are killed at random; MILLRACE_FULL=1 a
 * hundred times, SEED=n with the same choices.
 */

const PER_SECOND = 400;
const FAULTLESS = { lost: [], duplicates: 0, phantoms: [], disordered: [] };

type Fault = (rig: PostgresKillRig, server: Postgres, random: SeededRandom) => Promise<void>;

const FAULTS: Readonly<Record<string, Fault>> = {
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

describe('a job that writes to PostgreSQL, killed at random', {
  ...SUITE_LIMIT,
  skip: postgresAbsence() ?? false,
}, () => {
  let broker: KillBroker;
  let server: Postgres;
  before(async () => {
    [broker, server] = await Promise.all([startKillBroker('durable'), startPostgres()]);
  });
  after(() => Promise.all([broker.mosquitto.stop(), server.stop('immediate')]));

  it('exactly-once: each message is one row, in order', LIMIT, async (t) => {
    t.diagnostic(`SEED=${killSeed}`);
    const random = new SeededRandom(killSeed);
    await using rig = await PostgresKillRig.open({ kind: 'in', broker, server });
    await strike(rig, random);
    assert.deepEqual(await rig.settleRows(), FAULTLESS, rig.tail());
    assert.equal(await rig.end(), 0);
    t.diagnostic(`${rig.load.sent.length} messages`);
  });

  it(
    'exactly-once through a table and out of it as a queue: each message is published once, in order',
    LIMIT,
    async (t) => {
      t.diagnostic(`SEED=${killSeed}`);
      const random = new SeededRandom(killSeed);
      await using rig = await PostgresKillRig.open(
        { kind: 'through', broker, server },
        'id bigserial PRIMARY KEY, claimed_by text',
      );
      const { port } = broker.mosquitto;
      const topic = `${rig.prefix}/out/#`;
      await using verifier = await startMosquittoSub({ port, topic, clientId: `${rig.prefix}-verifier` });
      await strike(rig, random);
      assert.deepEqual(await rig.settleMessages(verifier), FAULTLESS, rig.tail());
      assert.equal(await rig.end(), 0);
      await until(async () => (await rig.count()) === 0, { what: 'an empty queue' });
    },
  );

  /** A load, and faults under it: a sample has each once, a full run a hundred. */
  const strike = async (rig: PostgresKillRig, random: SeededRandom): Promise<void> => {
    await rig.start();
    rig.load.pour(PER_SECOND);
    const names = Object.keys(FAULTS);
    const rounds = fullRun ? Array.from({ length: 100 }, () => random.pick(names)) : names;
    for (const name of rounds) {
      const before = rig.load.sent.length;
      await sleep(50 + random.below(400));
      await until(() => rig.load.sent.length > before, { what: 'load' });
      await FAULTS[name]?.(rig, server, random);
    }
    await rig.load.stop();
  };
});
