import assert from 'node:assert/strict';
import { chownSync, statSync } from 'node:fs';
import { it } from 'node:test';
import { smallDisk, smallDiskProblem } from '../support/kill/kill-small-disk.js';
import { LIMIT } from '../support/limits.js';
import { numbered, PostgresRig } from '../support/rigs/postgres-rig.js';
import { postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const KIB = 1024;
const ROWS = 2_000;

it('the disk of the server is full: rows wait for room, and each is in once', {
  ...LIMIT,
  skip: postgresAbsence() ?? smallDiskProblem() ?? false,
}, async () => {
  await using server = await startPostgres();
  const disk = smallDisk(KIB * KIB);
  const { uid, gid } = statSync(server.dir);
  chownSync(disk, uid, gid);
  await server.query(`CREATE TABLESPACE small LOCATION '${disk}'`);
  const rig = await PostgresRig.create(server, "n int NOT NULL, padding text DEFAULT repeat('x', 1000)");
  await server.query(`ALTER TABLE ${rig.table} SET TABLESPACE small`);
  using told = new Told('retrying', 'retry-over');
  const driver = await rig.open();
  driver.add(...numbered(0, ROWS));
  const draining = driver.drain();
  const { data } = await until(() => told.events[0]);
  assert.match(JSON.stringify(data), /No space left on device.*53100/);
  assert.ok((await rig.numbers()).length < ROWS);
  smallDisk(64 * KIB * KIB, disk);
  await draining;
  await driver.close();
  assert.deepEqual(
    await rig.numbers(),
    numbered(0, ROWS).map(({ n }) => n),
  );
  assert.equal(told.names.at(-1), 'retry-over');
});
