import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { fullRun, howMany } from '../support/full-run.js';
import { type KillBroker, startKillBroker } from '../support/kill/kill-brokers.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { POSTGRES_FAULTS, strike } from '../support/kill/postgres-faults.js';
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
    await strikeAll(rig, random);
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
      await strikeAll(rig, random);
      assert.deepEqual(await rig.settleMessages(verifier), FAULTLESS, rig.tail());
      assert.equal(await rig.end(), 0);
      await until(async () => (await rig.count()) === 0, { what: 'an empty queue' });
    },
  );

  /** A sample has each fault once, a full run a hundred. */
  const strikeAll = (rig: PostgresKillRig, random: SeededRandom): Promise<void> => {
    const names = Object.keys(POSTGRES_FAULTS);
    const faults = fullRun
      ? Array.from({ length: howMany({ sample: names.length, full: 100 }) }, () => random.pick(names))
      : names;
    return strike({ rig, server, random, faults, perSecond: PER_SECOND });
  };
});
