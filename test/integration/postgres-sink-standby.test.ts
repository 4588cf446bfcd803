import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { SUITE_LIMIT } from '../support/limits.js';
import { numbered, PostgresRig } from '../support/rigs/postgres-rig.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

/* A COMMIT that takes as long as one likes, and takes effect: it waits for a standby that is not there yet. */

describe('a sink to PostgreSQL whose standby is away', { ...SUITE_LIMIT, skip: postgresAbsence() ?? false }, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
    // else the first opening makes it, and waits there
    const driver = await (await PostgresRig.create(server)).open();
    await driver.close();
  });
  after(() => server.stop('immediate'));
  beforeEach(() => server.query('CREATE TABLE IF NOT EXISTS probes (n int)'));

  const setStandby = async (name: string): Promise<void> => {
    await server.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
    await server.query('SELECT pg_reload_conf()');
  };

  /** Resolves once a COMMIT does wait. */
  const loseStandby = async (): Promise<void> => {
    await setStandby('ghost');
    let isIn: boolean;
    do {
      isIn = false;
      void server.query('INSERT INTO probes VALUES (1)').then(() => {
        isIn = true;
      });
      await until(async () => isIn || (await server.query(WAITING)).length > 0);
    } while (isIn);
  };

  const retriesTold = (told: Told, count: number) =>
    until(() => told.events.length >= count, { what: () => `retrying, as often as ${told.events.length}` });

  it('SP4 a first opening whose COMMIT was in doubt is waited for, and is its own', async () => {
    const rig = await PostgresRig.create(server);
    await loseStandby();
    using told = new Told('retrying');
    const opening = rig.open({ timeoutMs: 1_000 });
    // the COMMIT was given up, and the next connection waits for it
    await retriesTold(told, 2);
    await setStandby('');
    const driver = await opening;
    driver.add(...numbered(0, 5));
    await driver.drain();
    await driver.close();
    assert.equal((await rig.numbers()).length, 5);
  });

  it('SP3 rows whose COMMIT waits are not complete, and are in once when it is done', async () => {
    const rig = await PostgresRig.create(server);
    const driver = await rig.open({ timeoutMs: 1_000 });
    await loseStandby();
    using told = new Told('retrying');
    driver.add(...numbered(0, 5));
    const draining = driver.drain();
    await retriesTold(told, 2);
    assert.equal(rig.store.restore('rows').low, 0);
    await setStandby('');
    await draining;
    await driver.close();
    assert.equal((await rig.numbers()).length, 5);
  });
});

const WAITING = `SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
