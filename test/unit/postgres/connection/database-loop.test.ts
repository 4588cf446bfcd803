import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LASTING_RETRY } from '../../../../src/connector/retry/lasting-retry.js';
import { Retries } from '../../../../src/connector/retry/retries.js';
import { MetricsRegistry } from '../../../../src/metrics/metrics-registry.js';
import { DatabaseLoop } from '../../../../src/postgres/connection/database-loop.js';
import { freePort } from '../../../support/free-port.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

describe('a loop whose database is away', SUITE_LIMIT, () => {
  it('tries again until it is closed, which ends its outage and tells no failure', async () => {
    using told = new Told('retrying', 'retry-over');
    const failures: unknown[] = [];
    const loop = new DatabaseLoop({
      connection: { host: '127.0.0.1', port: await freePort() },
      timeoutMs: 30_000,
      retries: new Retries(
        { kind: 'sink', name: 'rows', job: 'plant', metrics: new MetricsRegistry() },
        { retryStrategy: LASTING_RETRY, classifyErrorFn: undefined },
      ),
      work: {
        open: async () => assert.fail('nobody listens there'),
        run: async () => assert.fail('nobody listens there'),
        failed: (error) => failures.push(error),
      },
    });
    await until(() => told.names.length > 1);
    await loop.close();
    await assert.rejects(loop.opened, { code: 'ABORTED' });
    assert.deepEqual(new Set(told.names.slice(0, -1)), new Set(['retrying']));
    assert.equal(told.names.at(-1), 'retry-over');
    assert.deepEqual(failures, []);
  });
});
