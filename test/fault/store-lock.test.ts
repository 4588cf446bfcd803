import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LmdbStores } from '../../src/store/index.js';
import { startChild } from '../support/child-process.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { programArgs } from '../support/program-args.js';
import { rejectsWith } from '../support/rejects-with.js';
import { tempDir } from '../support/temp-dir.js';

describe('the owner of a directory', SUITE_LIMIT, () => {
  it('keeps another process out, with a way out in the error, and its kill -9 lets it in', LIMIT, async () => {
    const dir = join(tempDir('lock'), 'store');
    const writer = [...programArgs('test/support/store/store-writer.ts'), dir, '0', '1000000000', '1'];
    const owner = startChild(process.execPath, writer);
    await owner.waitForLine(/^durable/);
    const error = await rejectsWith('STORE_LOCKED', LmdbStores.open(dir));
    assert.ok(error.message.includes(dir), error.message);
    assert.match(error.message, new RegExp(`process ${owner.pid} on `));
    assert.match(error.advice ?? '', /Stop that process/);
    owner.signal('SIGKILL');
    await owner.exited;
    await (await LmdbStores.open(dir)).close();
  });

  it('keeps its own process out, too, and goes with close', LIMIT, async () => {
    const dir = join(tempDir('lock'), 'store');
    const first = await LmdbStores.open(dir);
    await rejectsWith('STORE_LOCKED', LmdbStores.open(dir));
    await rejectsWith('STORE_LOCKED', LmdbStores.open(join(dir, '..', 'store')));
    await first.open('job', 0);
    await first.close();
    await (await LmdbStores.open(dir)).close();
  });

  it('is not followed by a file that is left over', LIMIT, async () => {
    const dir = tempDir('lock');
    writeFileSync(join(dir, 'owner.lock'), 'process 1 on elsewhere');
    await (await LmdbStores.open(dir)).close();
    assert.ok(existsSync(join(dir, 'owner.lock')));
  });

  it('does not hand the lock on to its children', LIMIT, async () => {
    const dir = tempDir('lock');
    const stores = await LmdbStores.open(dir);
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'inherit', 'inherit'] });
    try {
      await stores.close();
      await (await LmdbStores.open(dir)).close();
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('lets nobody else read what it stores', { ...LIMIT, skip: process.platform === 'win32' }, async () => {
    const dir = join(tempDir('lock'), 'deep', 'store');
    const stores = await LmdbStores.open(dir);
    await stores.open('history', 0);
    const job = join(dir, 'job-history-259aa8ef98a8');
    const modes = [
      join(dir, '..'),
      dir,
      job,
      join(dir, 'owner.lock'),
      join(job, 'partition-0.mdb'),
      join(job, 'partition-0.mdb-lock'),
    ].map((path) => statSync(path).mode & 0o777);
    assert.deepEqual(modes, [0o700, 0o700, 0o700, 0o600, 0o600, 0o600]);
    await stores.close();
  });

  it('that cannot make its directory says so', LIMIT, async () => {
    const file = join(tempDir('lock'), 'file');
    writeFileSync(file, '');
    const error = await rejectsWith('INVALID_OPTIONS', LmdbStores.open(join(file, 'store')));
    assert.ok(error.message.includes(file));
  });
});
