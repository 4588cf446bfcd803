import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findNatsServers, installNatsServers } from '../../scripts/nats-servers.js';
import { present } from '../../src/internal/present.js';
import { LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import type { NatsProcess } from '../support/nats/nats-process.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const skip = natsAbsence() ?? false;

describe('the NATS servers of the tests', { skip }, () => {
  for (const program of natsServersHere()) {
    it(
      `${program.version}: one server flushes each write where it is told so, and is asked what it does`,
      LIMIT,
      async () => {
        await using always = await startNats({ program });
        await using minutes = await startNats({ program, syncInterval: '2m' });
        const intervals = [always, minutes].map(async ({ servers: [server] }) => (await server?.report())?.config);
        const [first, second] = await Promise.all(intervals);
        assert.equal(first?.sync_always, true);
        assert.equal(second?.sync_always ?? false, false);
        assert.equal(second?.sync_interval, 120e9);
      },
    );

    it(
      `${program.version}: of three servers the one that is killed is replaced as the leader, and comes back`,
      LIMIT,
      async () => {
        await using nats = await startNats({ program, size: 3 });
        const leaders = async (of: readonly NatsProcess[]) =>
          (await Promise.all(of.map((server) => server.report()))).map((report) => report?.meta_cluster?.leader);
        const [first] = await leaders(nats.servers);
        const killed = present(
          nats.servers.find(({ name }) => name === first),
          'one of three leads',
        );
        const rest = nats.servers.filter((server) => server !== killed);

        assert.equal((await killed.kill()).signal, 'SIGKILL');
        await until(async () => (await leaders(rest)).every((name) => rest.some((server) => server.name === name)));

        killed.start();
        await nats.ready();
        await until(async () => new Set(await leaders(nats.servers)).size === 1);
      },
    );
  }
});

describe('the programs that the tests run NATS with', () => {
  it('MILLRACE_NATS_SERVER names the one and only; what is no nats-server is said at once', (t) => {
    const before = process.env.MILLRACE_NATS_SERVER;
    t.after(() => {
      if (before === undefined) delete process.env.MILLRACE_NATS_SERVER;
      else process.env.MILLRACE_NATS_SERVER = before;
    });
    const path = join(tempDir('nats'), 'mine');
    writeFileSync(path, '#!/bin/sh\necho nats-server: v2.99.1\n', { mode: 0o755 });
    process.env.MILLRACE_NATS_SERVER = path;
    assert.deepEqual(findNatsServers(), [{ version: '2.99.1', path }]);
    assert.deepEqual(installNatsServers(), []);
    process.env.MILLRACE_NATS_SERVER = process.execPath;
    assert.throws(() => findNatsServers(), /is no nats-server/);
  });
});
