import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { smallDisk, smallDiskProblem } from '../support/kill/kill-small-disk.js';
import { LIMIT } from '../support/limits.js';
import { logDirectory, takeFiles } from '../support/store/file-log-place.js';
import { HISTORY_SEGMENT_BYTES, historyRecord, recoverHistoryLog } from '../support/store/log-history.js';
import { runStoreWriter, type WriterFault, type WriterRun, withoutStrace } from '../support/store/run-store-writer.js';
import { tempDir } from '../support/temp-dir.js';

const OPTIONS = { ...LIMIT, concurrency: 2 };
const TRACED = { ...OPTIONS, skip: withoutStrace };

const segment = (first: number): string => `${String(first).padStart(16, '0')}.segment`;

/** Bytes that a segment has behind so many records of the history. */
function bytesBehind(records: number): number {
  let bytes = 72;
  for (let seq = 1; seq <= records; seq += 1) bytes += 32 + Math.ceil(historyRecord(seq).byteLength / 8) * 8;
  return bytes;
}

/** The first record that does not fit into the first segment. */
function secondSegment(): number {
  let seq = 1;
  while (bytesBehind(seq) <= HISTORY_SEGMENT_BYTES) seq += 1;
  return seq;
}

async function runLogWriter(dir: string, fault: WriterFault): Promise<WriterRun> {
  const run = await runStoreWriter(dir, { ...fault, writer: 'log-writer' });
  assert.equal(run.signal, null, run.stderr.join('\n'));
  if (fault.inject !== undefined) {
    const hit = run.calls.filter((line) => line.includes('(INJECTED)'));
    assert.equal(hit.length, [fault.inject].flat().length, `the fault fired: ${run.calls.join('\n')}`);
  }
  return run;
}

const fails = (run: WriterRun, code: string): void =>
  assert.deepEqual(run.said.slice(-3), [`failed ${code}`, 'again the same', 'closed'], run.said.join('\n'));

describe('a log in files on a failing disk', OPTIONS, () => {
  it(
    'writing a record fails: the log is dead, nothing is tried again, and what was durable is there (R13)',
    TRACED,
    async () => {
      const dir = join(tempDir('log'), 'store');
      const file = join(logDirectory(dir), segment(1));
      const run = await runLogWriter(dir, { file, inject: 'pwritev:error=EIO:when=4' });
      fails(run, 'STORAGE_FAILED');
      assert.equal(run.durable, 3);
      assert.equal(run.calls.filter((line) => line.includes('pwritev(')).length, 4);
      assert.equal(await recoverHistoryLog(dir), 3);
    },
  );

  for (const error of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
    it(
      `D3 writing a record fails by ${error}: it is STORE_FULL, and nothing of the record is there`,
      TRACED,
      async () => {
        const dir = join(tempDir('log'), 'store');
        const file = join(logDirectory(dir), segment(1));
        fails(await runLogWriter(dir, { file, inject: `pwritev:error=${error}:when=4` }), 'STORE_FULL');
        assert.equal(takeFiles(dir).get(segment(1))?.byteLength, bytesBehind(3));
        assert.equal(await recoverHistoryLog(dir), 3);
      },
    );
  }

  it('D3 what was written cannot be removed: the outcome is unknown, and said so', TRACED, async () => {
    const dir = join(tempDir('log'), 'store');
    const file = join(logDirectory(dir), segment(1));
    await runLogWriter(dir, { to: 3 });
    // the last one again, a part of the fourth, the rest of it, which the limit refuses, and the zeros in its place
    const fault = { file, inject: 'pwritev:error=EIO:when=4', prefix: ['prlimit', `--fsize=${bytesBehind(3) + 40}`] };
    fails(await runLogWriter(dir, fault), 'STORAGE_FAILED');
    assert.equal(await recoverHistoryLog(dir), 3);
  });

  it(
    'the last record cannot be written again at an opening: it is no opening, and the next one writes it',
    TRACED,
    async () => {
      const dir = join(tempDir('log'), 'store');
      const file = join(logDirectory(dir), segment(1));
      await runLogWriter(dir, { to: 3 });
      const { said } = await runLogWriter(dir, { file, inject: 'pwritev:error=EIO:when=1' });
      assert.deepEqual(said, ['closed', 'not opened STORAGE_FAILED']);
      assert.equal(await recoverHistoryLog(dir), 3);
    },
  );

  const makings = [
    ['its header', () => `${segment(secondSegment())}.new`, 'write:error=ENOSPC:when=1', 'STORE_FULL'],
    [
      'the flush of its header',
      () => `${segment(secondSegment())}.new`,
      'fdatasync:error=EIO:when=1',
      'STORAGE_FAILED',
    ],
    ['D5 its name', () => `${segment(secondSegment())}.new`, '/^rename:error=EIO:when=1', 'STORAGE_FAILED'],
    ['D5 the flush of its name', () => '', 'fsync:error=EIO:when=2', 'STORAGE_FAILED'],
  ] as const;
  for (const [what, name, inject, code] of makings) {
    it(
      `a new segment is made, and ${what} fails: what was durable is there, and the next opening goes on`,
      TRACED,
      async () => {
        const dir = join(tempDir('log'), 'store');
        const run = await runLogWriter(dir, { file: join(logDirectory(dir), name()), inject });
        fails(run, code);
        assert.equal(run.durable, secondSegment() - 1);
        assert.equal(await recoverHistoryLog(dir), run.durable);
      },
    );
  }

  const openings = [
    ['the directory of the log', (dir: string) => logDirectory(dir)],
    ['the directory of the job', (dir: string) => join(logDirectory(dir), '..')],
  ] as const;
  for (const [what, directoryIn] of openings) {
    it(`D5 a flush of ${what} that fails is no opening, and the next one flushes it`, TRACED, async () => {
      const dir = join(tempDir('log'), 'store');
      await runLogWriter(dir, { to: 3 });
      const { said } = await runLogWriter(dir, { file: directoryIn(dir), inject: 'fsync:error=EIO:when=1' });
      assert.equal(said.at(-1), 'not opened STORAGE_FAILED');
      assert.equal(await recoverHistoryLog(dir), 3);
    });
  }

  it(
    'D4 a limit of the process on the size of files stops the log, removes what fitted of a record, and not the process',
    OPTIONS,
    async () => {
      const dir = join(tempDir('log'), 'store');
      const records = 6;
      await runLogWriter(dir, { to: records });
      const limit = bytesBehind(records) + 40;
      fails(await runLogWriter(dir, { prefix: ['prlimit', `--fsize=${limit}`] }), 'STORE_FULL');
      assert.equal(takeFiles(dir).get(segment(1))?.byteLength, bytesBehind(records));
      assert.equal(await recoverHistoryLog(dir), records);
    },
  );

  it(
    'D4 a limit below the length of a segment is STORE_FULL at the opening, and a log can be made there later',
    OPTIONS,
    async () => {
      const dir = join(tempDir('log'), 'store');
      const { said } = await runLogWriter(dir, { prefix: ['prlimit', `--fsize=${HISTORY_SEGMENT_BYTES - 1}`] });
      assert.match(said.at(-1) ?? '', /^not opened STORE_FULL/);
      assert.equal(await recoverHistoryLog(dir), 0);
    },
  );

  const withoutSmallDisk = { ...OPTIONS, skip: smallDiskProblem() ?? false };

  it(
    'D3 a file system that fills up is STORE_FULL; after room is made nothing is missing',
    withoutSmallDisk,
    async () => {
      for (const spare of [300_000, 304_096, 310_000]) {
        const dir = smallDisk(2 * 1024 * 1024);
        const ballast = join(dir, 'ballast');
        writeFileSync(ballast, new Uint8Array(2 * 1024 * 1024 - spare));
        const run = await runLogWriter(join(dir, 'store'), {});
        fails(run, 'STORE_FULL');
        assert.ok(run.durable > 0, 'some records had room');
        rmSync(ballast);
        assert.equal(await recoverHistoryLog(join(dir, 'store')), run.durable);
      }
    },
  );

  it(
    'a file system without any room is STORE_FULL at the opening, and a log can be made there later',
    withoutSmallDisk,
    async () => {
      const dir = smallDisk(256 * 1024);
      const ballast = join(dir, 'ballast');
      assert.throws(() => writeFileSync(ballast, new Uint8Array(300_000)), { code: 'ENOSPC' });
      const { said } = await runLogWriter(join(dir, 'store'), {});
      assert.match(said.at(-1) ?? '', /^not opened STORE_FULL/);
      assert.ok(!existsSync(logDirectory(join(dir, 'store'))));
      rmSync(ballast);
      assert.equal(await recoverHistoryLog(join(dir, 'store')), 0);
    },
  );
});
