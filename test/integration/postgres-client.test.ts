import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DatabaseClient } from '../../src/postgres/connection/database-client.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';

describe('a connection to PostgreSQL', { ...SUITE_LIMIT, skip: postgresAbsence() ?? false }, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));

  it('DC1 the clock of a statement begins when those in front of it are answered', async () => {
    const timeoutMs = 2000;
    const client = await DatabaseClient.open({
      connection: server.url,
      timeoutMs,
      signal: new AbortController().signal,
    });
    // together longer than one of them may take with all that is added to it
    const naps = Array.from({ length: 12 }, () => client.query({ text: 'SELECT pg_sleep($1)', values: [0.5] }));
    assert.equal((await Promise.all(naps)).length, naps.length);
    server.suspend();
    await assert.rejects(client.query({ text: 'SELECT $1::int', values: [1] }), { code: 'TIMEOUT' });
    server.resume();
    client.destroy();
  });

  it('DC2 statements that were sent behind one that fails are answered each for itself', async () => {
    const client = await DatabaseClient.open({
      connection: server.url,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    });
    const texts = [
      'SELECT 1 / $1::int',
      'SELECT 2 + $1::int AS sum',
      'SELECT 3 / $1::int',
      'SELECT 4 + $1::int AS sum',
    ];
    const answers = await Promise.allSettled(texts.map((text) => client.query({ text, values: [0] })));
    const shown = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.rows : answer.reason.code));
    assert.deepEqual(shown, ['22012', [{ sum: 2 }], '22012', [{ sum: 4 }]]);
    await client.close();
  });
});
