import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fullRun } from '../support/full-run.js';
import { smallDisk, smallDiskProblem } from '../support/kill/kill-small-disk.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { type ChangingCall, changingCalls, nearby, runStruck, struckCall } from '../support/store/changing-calls.js';
import { historyFile, recoverHistory, runStoreWriter, withoutStrace } from '../support/store/run-store-writer.js';
import { tempDir } from '../support/temp-dir.js';

const TRACED = { ...LIMIT, skip: withoutStrace };
const SMALL = { ...LIMIT, skip: smallDiskProblem() ?? false };
const FORM = { form: 'embedded' } as const;
const COMMITS = 120;
const RUN = { ...FORM, to: COMMITS };
const newDir = (): string => join(tempDir('embedded'), 'store');
const recover = (dir: string, rows?: number): Promise<number> => recoverHistory(dir, rows, 'embedded');

let recorded: Promise<readonly ChangingCall[]> | undefined;
/** The calls of a run to its end. */
const allCalls = (): Promise<readonly ChangingCall[]> => {
  recorded ??= changingCalls(newDir(), RUN);
  return recorded;
};

/** A run that is told of an error at such a call, and what came of it. Commits and snapshots are beside each other, so it may take some. */
async function failedAt(pattern: RegExp, by: 'error=EIO' | 'error=ENOSPC'): Promise<{ dir: string; said: string[] }> {
  const call = (await allCalls()).find(({ line }) => pattern.test(line));
  assert.ok(call, `a run comes to ${pattern}`);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const dir = newDir();
    const run = await runStruck(dir, nearby(call, attempt), { ...RUN, by });
    assert.equal(run.signal, null, run.stderr.join('\n'));
    if (pattern.test(struckCall(run))) return { dir, said: [...run.said] };
  }
  throw new Error(`${pattern} was not struck`);
}

const ENDS = [
  ['D3 a record is written', /pwritev\(.*\.log\//, 'error=ENOSPC', 'STORE_FULL'],
  ['D3 the view is written', / writev\(.*\.view>/, 'error=ENOSPC', 'STORE_FULL'],
  ['the view is written, by EIO,', / writev\(.*\.view>/, 'error=EIO', 'STORAGE_FAILED'],
  ['a segment is made', /rename\(.*\.log\/\d+\.segment\.new"/, 'error=EIO', 'STORAGE_FAILED'],
] as const;

const PASSES = [
  ['D3 a snapshot is written', / write\(.*\.blobs\/\.\d.*, ".[^i]/, 'error=ENOSPC'],
  ['D1 a snapshot is flushed', /fdatasync\(.*\.blobs\/\.\d/, 'error=EIO'],
  ['D5 the name of a snapshot is flushed', /fsync\(.*\.blobs>/, 'error=EIO'],
  ['a segment is removed', /unlink\(".*\.log\/\d+\.segment"/, 'error=EIO'],
] as const;

describe('a store over a log in files on a failing disk', SUITE_LIMIT, () => {
  for (const [what, pattern, by, code] of fullRun ? ENDS : ENDS.slice(0, 2)) {
    it(`${what} in vain: the store is dead and says so, and what was durable is there (R13)`, TRACED, async () => {
      const { dir, said } = await failedAt(pattern, by);
      const durable = Number(said.findLast((line) => line.startsWith('durable'))?.split(' ')[1] ?? -1);
      const failed = [`failed ${code}`, 'again the same', 'closed'];
      if (said.includes('open')) assert.deepEqual(said.slice(-3), failed, said.slice(-4).join());
      else assert.deepEqual(said, ['closed', `not opened ${code}`]);
      const found = await recover(dir);
      assert.ok(found === durable || found === durable + 1, `${durable} was durable, ${found} is there`);
    });
  }

  for (const [what, pattern, by] of fullRun ? PASSES : PASSES.slice(0, 2)) {
    it(
      `${what} in vain: commits go on, nothing is trimmed that is needed, and the next snapshot counts`,
      TRACED,
      async () => {
        const { dir, said } = await failedAt(pattern, by);
        assert.deepEqual(said.slice(-2), [`durable ${COMMITS - 1}`, 'closed'], said.slice(-4).join());
        rmSync(historyFile(dir, 'view'));
        assert.equal(await recover(dir), COMMITS - 1);
        const [oldest = ''] = readdirSync(historyFile(dir, 'log')).sort();
        assert.ok(oldest > '0000000000000001.segment', `the log was trimmed: ${oldest}`);
      },
    );
  }

  it('D4 a limit of the process on the size of files stops the store and not the process', LIMIT, async () => {
    const dir = newDir();
    // the view is the largest file
    const { said, durable, signal } = await runStoreWriter(dir, {
      ...FORM,
      rows: 300,
      prefix: ['prlimit', '--fsize=300000'],
    });
    assert.equal(signal, null);
    assert.match(said.slice(-3).join(), /^failed STOR(E_FULL|AGE_FAILED),again the same,closed$/);
    const found = await recover(dir, 300);
    assert.ok(found === durable || found === durable + 1, `${durable} was durable, ${found} is there`);
  });

  it('D3 a file system that fills up is STORE_FULL; after room is made nothing is missing', SMALL, async () => {
    for (const spare of fullRun ? [400_000, 500_000, 612_000] : [500_000]) {
      const disk = smallDisk(3 * 1024 * 1024);
      const ballast = join(disk, 'ballast');
      writeFileSync(ballast, new Uint8Array(3 * 1024 * 1024 - spare));
      const dir = join(disk, 'store');
      const { said, durable } = await runStoreWriter(dir, { ...FORM, rows: 200 });
      assert.ok(durable >= 0, `some commits had room: ${said.join()}`);
      assert.deepEqual(said.slice(-3), ['failed STORE_FULL', 'again the same', 'closed'], said.slice(-3).join());
      rmSync(ballast);
      const found = await recover(dir, 200);
      assert.ok(found === durable || found === durable + 1, `${durable} was durable, ${found} is there`);
    }
  });

  it(
    'a file system without any room is STORE_FULL at the opening, and a store can be made there later',
    SMALL,
    async () => {
      const disk = smallDisk(256 * 1024);
      const ballast = join(disk, 'ballast');
      assert.throws(() => writeFileSync(ballast, new Uint8Array(300_000)), { code: 'ENOSPC' });
      const dir = join(disk, 'store');
      const { said } = await runStoreWriter(dir, FORM);
      assert.match(said.at(-1) ?? '', /^not opened STORE_FULL/);
      assert.ok(!existsSync(historyFile(dir, 'log')));
      rmSync(ballast);
      assert.equal(await recover(dir, 5), -1);
    },
  );
});
