import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { tryLock } from 'fs-native-extensions';
import type { MillraceError } from '../../src/errors/index.js';
import { DeadLetters } from '../../src/mqtt/sink/index.js';
import { LmdbStores } from '../../src/store/index.js';
import { LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const posix = process.platform === 'win32' ? 'Windows has other rights' : false;
const root = process.getuid?.() === 0 ? posix : 'only root can give a file away';
const NOBODY = 65_534;

/** A store that was opened and closed once, and a file that must stay as it is. */
async function prepared(): Promise<{ dir: string; job: string; victim: string }> {
  const dir = join(tempDir('doors'), 'store');
  const stores = await LmdbStores.open(dir);
  await (await stores.open('a', 0)).close();
  await stores.close();
  const victim = join(dirname(dir), 'victim');
  writeFileSync(victim, 'precious');
  return { dir, job: join(dir, readdirSync(dir).find((name) => name.startsWith('job-')) ?? ''), victim };
}

/** Opens the store of the job. */
async function openStore(dir: string): Promise<void> {
  const stores = await LmdbStores.open(dir);
  try {
    await stores.open('a', 0);
  } finally {
    await stores.close();
  }
}

describe('the doors of a store (X2, X10)', { skip: posix }, () => {
  const files: readonly (readonly [string, (place: { dir: string; job: string }) => string])[] = [
    ['owner.lock', ({ dir }) => join(dir, 'owner.lock')],
    ['the lock file of a partition', ({ job }) => join(job, 'partition-0.mdb-lock')],
    ['the data file of a partition', ({ job }) => join(job, 'partition-0.mdb')],
  ];
  for (const [name, pathOf] of files) {
    it(
      `X2: a link, a second name or a pipe in the place of ${name} is refused, and nothing behind it is touched`,
      LIMIT,
      async () => {
        const place = await prepared();
        const path = pathOf(place);
        const plants: readonly (() => void)[] = [
          () => symlinkSync(place.victim, path),
          () => symlinkSync(join(place.dir, 'dangling'), path),
          () => linkSync(place.victim, path),
          () => execFileSync('mkfifo', [path]),
        ];
        for (const plant of plants) {
          rmSync(path, { force: true });
          plant();
          const error = await rejectsWith('INVALID_OPTIONS', openStore(place.dir));
          assert.ok(error.message.includes(path), error.message);
          assert.equal(readFileSync(place.victim, 'utf8'), 'precious');
          assert.ok(!existsSync(join(place.dir, 'dangling')));
        }
        rmSync(path);
      },
    );
  }

  it('X2: a link in the place of a new store is not written through', LIMIT, async () => {
    const { dir, job, victim } = await prepared();
    rmSync(join(job, 'partition-0.mdb'));
    symlinkSync(victim, join(job, 'partition-0.mdb.new'));
    await openStore(dir);
    assert.equal(readFileSync(victim, 'utf8'), 'precious');
  });

  it('X2: a directory that others can write to is refused, with the command that mends it', LIMIT, async () => {
    for (const mode of [0o777, 0o1777, 0o770, 0o702]) {
      const { dir, job } = await prepared();
      for (const path of [dir, job]) {
        chmodSync(path, mode);
        const error = await rejectsWith('INVALID_OPTIONS', openStore(dir));
        assert.equal(error.advice, `chmod 700 ${path}`);
        chmodSync(path, 0o700);
      }
      await openStore(dir);
    }
  });

  it('X2: a directory that others can read is taken, its files are for their owner only', LIMIT, async () => {
    const { dir } = await prepared();
    chmodSync(dir, 0o755);
    await openStore(dir);
  });

  it('X2: a directory, a file or a link of another user is refused', { ...LIMIT, skip: root }, async () => {
    const { dir, job } = await prepared();
    for (const path of [
      dir,
      job,
      join(dir, 'owner.lock'),
      join(job, 'partition-0.mdb'),
      join(job, 'partition-0.mdb-lock'),
    ]) {
      chownSync(path, NOBODY, NOBODY);
      const error = await rejectsWith('INVALID_OPTIONS', openStore(dir));
      assert.match(error.message, /belongs to user 65534/);
      chownSync(path, 0, 0);
    }
    const link = join(dirname(dir), 'link');
    symlinkSync(dir, link);
    await openStore(link);
    execFileSync('chown', ['-h', String(NOBODY), link]);
    await rejectsWith('INVALID_OPTIONS', openStore(link));
  });

  it('X2: a store that is removed or replaced while it is in use fails its next commit', LIMIT, async () => {
    for (const [swap, how] of [
      [(dir: string) => renameSync(dir, `${dir}.old`), /was removed while it was in use/],
      [
        (dir: string) => {
          renameSync(dir, `${dir}.old`);
          execFileSync('cp', ['-a', `${dir}.old`, dir]);
        },
        /was replaced while it was in use/,
      ],
    ] as const) {
      const dir = join(tempDir('doors'), 'store');
      const stores = await LmdbStores.open(dir);
      const store = await stores.open('a', 0);
      await store.commit(new Map([['key', Uint8Array.of(1)]]));
      swap(dir);
      const error = await rejectsWith('STORE_FENCED', store.commit(new Map([['key', Uint8Array.of(2)]])));
      assert.match(error.message, how);
      await stores.close();
    }
  });

  it(
    'T14: a store that is removed while nothing is committed says so within some seconds, and when it is closed',
    LIMIT,
    async () => {
      const dir = join(tempDir('doors'), 'store');
      const stores = await LmdbStores.open(dir);
      const store = await stores.open('a', 0);
      await store.commit(new Map([['key', Uint8Array.of(1)]]));
      rmSync(dir, { recursive: true });
      let lost: MillraceError | undefined;
      void store.lost?.then((told) => {
        lost = told;
      });
      // the look itself keeps no process alive
      assert.equal((await until(() => lost)).code, 'STORE_FENCED');
      const error = await rejectsWith('STORE_FENCED', store.close());
      assert.match(error.message, /was removed while it was in use/);
      await stores.close();
    },
  );

  it(
    'X10: who can only read a store cannot open its lock; one who could before is not taken for its owner',
    LIMIT,
    async () => {
      const dir = tempDir('doors');
      const path = join(dir, 'owner.lock');
      writeFileSync(path, 'process 1 on elsewhere');
      chmodSync(path, 0o644);
      const reader = openSync(path, 'r');
      assert.throws(() => tryLock(reader), 'an exclusive lock needs the right to write');
      assert.ok(tryLock(reader, { shared: true }));
      const error = await rejectsWith('STORE_LOCKED', LmdbStores.open(dir));
      assert.match(error.message, /locked by a process that only reads it/);
      assert.doesNotMatch(error.message, /elsewhere/);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    },
  );
});

describe('the doors of a file of dead letters (X2)', { skip: posix }, () => {
  const open = async (path: string): Promise<void> => {
    const sink = DeadLetters.file(path);
    const writer = await sink.createWriter({ signal: new AbortController().signal } as never);
    await writer.close();
  };

  it('a link, a second name, a pipe or a directory is refused, and nothing behind it is touched', LIMIT, async () => {
    const dir = tempDir('letters');
    const victim = join(dir, 'victim');
    writeFileSync(victim, 'precious');
    const path = join(dir, 'letters.jsonl');
    for (const plant of [
      () => symlinkSync(victim, path),
      () => symlinkSync(join(dir, 'dangling'), path),
      () => linkSync(victim, path),
      () => execFileSync('mkfifo', [path]),
      () => mkdirSync(path),
    ]) {
      plant();
      const error = await rejectsWith('INVALID_OPTIONS', open(path));
      assert.ok(error.message.includes(path));
      rmSync(path, { recursive: true });
    }
    assert.equal(readFileSync(victim, 'utf8'), 'precious');
    assert.ok(!existsSync(join(dir, 'dangling')));
    await open(path);
    await open(path);
  });

  it('a file of another user is refused', { ...LIMIT, skip: root }, async () => {
    const path = join(tempDir('letters'), 'letters.jsonl');
    writeFileSync(path, '');
    chownSync(path, NOBODY, NOBODY);
    assert.match((await rejectsWith('INVALID_OPTIONS', open(path))).message, /belongs to user 65534/);
  });
});
