import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { EmbeddedStores } from '../../../../src/store/embedded/embedded-stores.js';
import { tempDir } from '../../../support/temp-dir.js';
import { until } from '../../../support/until.js';

it('a snapshot of a store that fails is told, and commits go on', async () => {
  const dir = tempDir('no-snapshot');
  const told: string[] = [];
  const stores = await EmbeddedStores.open(dir, {
    snapshotBytes: 1_000,
    onSnapshotFailed: ({ job, partition }, { code }) => told.push(`${job} ${partition} ${code}`),
  });
  const store = await stores.open('job', 0);
  const [job = ''] = readdirSync(dir).filter((name) => name.startsWith('job-'));
  const blobs = join(dir, job, 'partition-0.blobs');
  rmSync(blobs, { recursive: true });
  writeFileSync(blobs, 'no directory');
  await store.commit(new Map([['a', new Uint8Array(2_000)]]));
  await until(() => told.length > 0);
  assert.deepEqual(told, ['job 0 STORAGE_FAILED']);
  await store.commit(new Map([['b', new Uint8Array(10)]]));
  assert.equal(store.get('b')?.byteLength, 10);
  await stores.close();
});
