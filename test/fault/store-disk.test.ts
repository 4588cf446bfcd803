import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { smallDisk, smallDiskProblem } from '../support/kill/kill-small-disk.js';
import { LIMIT } from '../support/limits.js';
import {
  historyFile,
  recoverHistory,
  runStoreWriter,
  withoutStrace,
  writeHistory,
} from '../support/store/run-store-writer.js';
import { tempDir } from '../support/temp-dir.js';

const OPTIONS = { ...LIMIT, concurrency: 2 };
const withoutSmallDisk = smallDiskProblem() ?? false;

/** What fails at which call on the data file, and the code that it gives. Pages go by writev or pwrite64, the header by pwrite64. */
const FAULTS = [
  ['flushing the pages', 'fdatasync:error=EIO:when=3', 'STORAGE_FAILED'],
  ['writing the pages', 'writev:error=EIO:when=2', 'STORAGE_FAILED'],
  ['writing the pages, without room', 'writev:error=ENOSPC:when=1', 'STORE_FULL'],
  ['D4 writing a part of the pages', 'writev:retval=512:when=2', 'STORAGE_FAILED'],
  ['writing the header', 'pwrite64:error=EIO:when=2', 'STORAGE_FAILED'],
] as const;

describe('LmdbStores on a failing disk', OPTIONS, () => {
  for (const [what, inject, code] of FAULTS) {
    it(`${what} fails: the store is dead, nothing is tried again, and what was durable is there (R13)`, {
      ...OPTIONS,
      skip: withoutStrace,
    }, async () => {
      const dir = join(tempDir('disk'), 'store');
      await writeHistory(dir, 10);
      const { said, durable, calls, signal } = await runStoreWriter(dir, { from: 10, to: 40, inject });
      const fired = calls.findIndex((line) => line.includes('INJECTED'));
      assert.ok(fired >= 0, 'the fault fired');
      assert.deepEqual(said.slice(-3), [`failed ${code}`, 'again the same', 'closed'], said.join('\n'));
      assert.equal(signal, null);
      assert.ok(
        !calls.slice(fired + 1).some((line) => line.includes('fdatasync(')),
        'nothing is flushed after the failure',
      );
      const found = await recoverHistory(dir);
      assert.ok(
        found === durable || found === durable + 1 || (durable === -1 && found === 9),
        `${durable} was durable, ${found} is there`,
      );
      assert.ok(found >= Math.max(durable, 9));
    });
  }

  it('a flush that fails at the opening is no opening', { ...OPTIONS, skip: withoutStrace }, async () => {
    const dir = join(tempDir('disk'), 'store');
    await writeHistory(dir, 10);
    const { said, calls } = await runStoreWriter(dir, { from: 10, inject: 'fdatasync:error=EIO:when=1' });
    assert.ok(calls.some((line) => line.includes('INJECTED')));
    assert.deepEqual(said, ['closed', 'not opened STORAGE_FAILED']);
    assert.equal(await recoverHistory(dir), 9);
  });

  it('D5 a rename that fails while a store is made leaves none, and the next opening makes it', {
    ...OPTIONS,
    skip: withoutStrace,
  }, async () => {
    const dir = join(tempDir('disk'), 'store');
    const file = `${historyFile(dir)}.new`;
    const { said, calls } = await runStoreWriter(dir, { to: 0, file, inject: '/^rename:error=EIO:when=1' });
    assert.ok(calls.some((line) => line.includes('INJECTED')));
    assert.deepEqual(said, ['closed', 'not opened STORAGE_FAILED']);
    assert.equal(existsSync(historyFile(dir)), false);
    assert.equal(await recoverHistory(dir), -1);
  });

  for (const [what, directoryIn] of [
    ['a job', (dir: string) => dirname(historyFile(dir))],
    ['the stores', (dir: string) => dir],
    ['the one above them', (dir: string) => dirname(dir)],
  ] as const) {
    it(`D5 a flush of the directory of ${what} that fails is no opening, and the next one flushes it`, {
      ...OPTIONS,
      skip: withoutStrace,
    }, async () => {
      const dir = join(tempDir('disk'), 'store');
      const file = directoryIn(dir);
      const failed = await runStoreWriter(dir, { to: 0, file, inject: 'fsync:error=EIO:when=1' });
      assert.ok(failed.calls.some((line) => line.includes('INJECTED')));
      assert.equal(failed.said.at(-1), 'not opened STORAGE_FAILED');
      const next = await runStoreWriter(dir, { to: 0, file, inject: 'fsync:error=EIO:when=1000' });
      assert.deepEqual(next.said, ['open', 'closed']);
      assert.ok(
        next.calls.some((line) => /fsync\(.*= 0$/.test(line)),
        next.calls.join('\n'),
      );
    });
  }

  it('D4 a limit of the process on the size of files stops the store and not the process', OPTIONS, async () => {
    const dir = join(tempDir('disk'), 'store');
    const { said, durable, signal } = await runStoreWriter(dir, {
      rows: 1_000,
      prefix: ['prlimit', '--fsize=1000000'],
    });
    assert.equal(signal, null);
    assert.match(said.slice(-3).join(), /^failed STOR(E_FULL|AGE_FAILED),again the same,closed$/);
    assert.equal(await recoverHistory(dir, 1_000), durable);
  });

  it('D3 a file system that fills up is STORE_FULL; after room is made nothing is missing', {
    ...OPTIONS,
    skip: withoutSmallDisk,
  }, async () => {
    const dir = smallDisk(2 * 1024 * 1024);
    const ballast = join(dir, 'ballast');
    writeFileSync(ballast, new Uint8Array(1_500_000));
    const { said, durable } = await runStoreWriter(join(dir, 'store'), { rows: 1_000 });
    assert.ok(durable >= 0, 'some commits had room');
    assert.deepEqual(said.slice(-3), ['failed STORE_FULL', 'again the same', 'closed'], said.slice(-3).join());
    rmSync(ballast);
    assert.equal(await recoverHistory(join(dir, 'store'), 1_000), durable);
  });

  it('a file system without any room is STORE_FULL at the opening, and a store can be made there later', {
    ...OPTIONS,
    skip: withoutSmallDisk,
  }, async () => {
    const dir = smallDisk(256 * 1024);
    const ballast = join(dir, 'ballast');
    assert.throws(() => writeFileSync(ballast, new Uint8Array(300_000)), { code: 'ENOSPC' });
    const { said } = await runStoreWriter(join(dir, 'store'), {});
    assert.match(said.at(-1) ?? '', /^not opened STORE_FULL/);
    rmSync(ballast);
    assert.equal(await recoverHistory(join(dir, 'store'), 5), -1);
  });
});
