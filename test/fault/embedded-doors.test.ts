import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
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
import type { MillraceError } from '../../src/errors/index.js';
import { EmbeddedStores } from '../../src/store/embedded/embedded-stores.js';
import { LmdbStores } from '../../src/store/index.js';
import { startChild } from '../support/child-process.js';
import { fullRun } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { programArgs } from '../support/program-args.js';
import { rejectsWith } from '../support/rejects-with.js';
import { historyFile, recoverHistory, writeHistory } from '../support/store/run-store-writer.js';
import { openStores } from '../support/store/store-form.js';
import { checkHistory } from '../support/store/store-history.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const posix = process.platform === 'win32' ? 'Windows has other rights' : false;
const root = process.getuid?.() === 0 ? posix : 'only root can give a file away';
const NOBODY = 65_534;
const COMMITS = 10;

/** A store of a history with a snapshot that was closed in order, and a file that must stay as it is. */
async function prepared(): Promise<{ dir: string; victim: string }> {
  const dir = join(tempDir('doors'), 'store');
  await writeHistory(dir, COMMITS, 80, 'embedded');
  const victim = join(dirname(dir), 'victim');
  writeFileSync(victim, 'precious');
  return { dir, victim };
}

const lastOf = (place: string): string => join(place, readdirSync(place).sort().at(-1) ?? '');

/** What is opened and read; the last commit. */
async function read(dir: string): Promise<number> {
  const stores = await openStores(dir, 'embedded');
  try {
    return checkHistory(await stores.open('history', 0));
  } finally {
    await stores.close();
  }
}

/** In a sample two of the four for each place, by turns. */
let turn = 0;
const sampled = (all: readonly (() => void)[]): readonly (() => void)[] => {
  turn += 1;
  return fullRun ? all : all.filter((_, index) => (index + turn) % 2 === 0);
};

/** Put in the place of a file of a store; whatever is done then, the victim stays as it is and nothing is made where a link leads. */
const plants = ({ dir, victim }: { dir: string; victim: string }, path: string): readonly (() => void)[] => [
  () => symlinkSync(victim, path),
  () => symlinkSync(join(dir, 'dangling'), path),
  () => linkSync(victim, path),
  () => execFileSync('mkfifo', [path]),
];

async function eachPlant(pathOf: (dir: string) => string, expected: RegExp): Promise<void> {
  const place = await prepared();
  const path = pathOf(place.dir);
  const found = existsSync(path) ? readFileSync(path) : undefined;
  for (const plant of sampled(plants(place, path))) {
    rmSync(path, { force: true });
    // what the last opening left would have the next one look at nothing
    for (const mark of ['view.opening', 'mdb.opening']) rmSync(historyFile(place.dir, mark), { force: true });
    plant();
    const outcome = await read(place.dir).then(
      (number) => `commit ${number}`,
      (error: MillraceError) => `${error.code} ${error.message.includes(path) ? 'named' : error.message}`,
    );
    assert.match(outcome, expected);
    assert.equal(readFileSync(place.victim, 'utf8'), 'precious');
    assert.ok(!existsSync(join(place.dir, 'dangling')));
  }
  rmSync(path, { force: true });
  if (found !== undefined) writeFileSync(path, found, { mode: 0o600 });
  assert.equal(await read(place.dir), COMMITS - 1);
}

describe('the doors of a store over a log in files (X2)', { ...SUITE_LIMIT, skip: posix }, () => {
  const refused = [
    ['the last segment of the log', (dir: string) => lastOf(historyFile(dir, 'log'))],
    ['what says that a view is in use', (dir: string) => historyFile(dir, 'view.boot')],
    ['what says that a view is being opened', (dir: string) => historyFile(dir, 'view.opening')],
  ] as const;
  for (const [what, pathOf] of refused) {
    it(
      `a link, a second name or a pipe in the place of ${what} is refused, and nothing behind it is touched`,
      LIMIT,
      async () => {
        await eachPlant(pathOf, /^INVALID_OPTIONS named$/);
      },
    );
  }

  const replaced = [
    ['the view', (dir: string) => historyFile(dir, 'view')],
    ['the lock file of the view', (dir: string) => historyFile(dir, 'view-lock')],
    ['an unfinished mark', (dir: string) => historyFile(dir, 'mdb.new')],
    ['an unfinished segment', (dir: string) => join(historyFile(dir, 'log'), '0000000000009999.segment.new')],
    ['an unfinished snapshot', (dir: string) => join(historyFile(dir, 'blobs'), '.0000000000000009.0000000000000001')],
  ] as const;
  for (const [what, pathOf] of replaced) {
    it(
      `a link, a second name or a pipe in the place of ${what} gives way, and nothing behind it is touched`,
      LIMIT,
      async () => {
        await eachPlant(pathOf, /^commit 9$/);
      },
    );
  }

  it('one in the place of the mark is refused, or gives way to it where it leads nowhere', LIMIT, async () => {
    await eachPlant((dir) => historyFile(dir), /^(INVALID_OPTIONS named|commit 9)$/);
  });

  it('one in the place of a snapshot that is needed is refused', LIMIT, async () => {
    const place = await prepared();
    const path = lastOf(historyFile(place.dir, 'blobs'));
    for (const plant of sampled(plants(place, path))) {
      rmSync(path, { force: true });
      rmSync(historyFile(place.dir, 'view'), { force: true });
      plant();
      await rejectsWith('INVALID_OPTIONS', read(place.dir));
      assert.equal(readFileSync(place.victim, 'utf8'), 'precious');
    }
  });

  it('a directory that others can write to is refused, with the command that mends it', LIMIT, async () => {
    const { dir } = await prepared();
    for (const path of [dir, dirname(historyFile(dir)), historyFile(dir, 'log'), historyFile(dir, 'blobs')]) {
      chmodSync(path, 0o770);
      const error = await rejectsWith('INVALID_OPTIONS', read(dir));
      assert.equal(error.advice, `chmod 700 ${path}`);
      chmodSync(path, 0o700);
    }
    assert.equal(await read(dir), COMMITS - 1);
  });

  it('a directory or a file of another user is refused', { ...LIMIT, skip: root }, async () => {
    const { dir } = await prepared();
    const log = historyFile(dir, 'log');
    for (const path of [log, lastOf(log), historyFile(dir, 'blobs')]) {
      chownSync(path, NOBODY, NOBODY);
      assert.match((await rejectsWith('INVALID_OPTIONS', read(dir))).message, /belongs to user 65534/);
      chownSync(path, 0, 0);
    }
    assert.equal(await read(dir), COMMITS - 1);
  });

  it('nobody else can read what it stores', LIMIT, async () => {
    const { dir } = await prepared();
    const stores = await openStores(dir, 'embedded');
    await stores.open('history', 0);
    const job = dirname(historyFile(dir));
    const all = readdirSync(job, { recursive: true, withFileTypes: true });
    assert.ok(all.length >= 8, all.map(({ name }) => name).join());
    for (const entry of all) {
      const path = join(entry.parentPath, entry.name);
      assert.equal(statSync(path).mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, path);
    }
    await stores.close();
  });
});

describe('a store over a log in files that is in use', SUITE_LIMIT, () => {
  const swaps = [
    ['the directory is removed', (dir: string) => renameSync(dir, `${dir}.old`)],
    ['the log is removed', (dir: string) => rmSync(historyFile(dir, 'log'), { recursive: true })],
    [
      'the directory is replaced',
      (dir: string) => {
        renameSync(dir, `${dir}.old`);
        execFileSync('cp', ['-a', `${dir}.old`, dir]);
      },
    ],
  ] as const;
  for (const [what, swap] of swaps) {
    it(`X2: fails a commit within a tenth of a second of commits where ${what}`, LIMIT, async () => {
      const { dir } = await prepared();
      const stores = await openStores(dir, 'embedded');
      const store = await stores.open('history', 0);
      await store.commit(new Map([['key', Uint8Array.of(1)]]));
      swap(dir);
      const commits = async (): Promise<void> => {
        while (true) await store.commit(new Map([['key', Uint8Array.of(2)]]));
      };
      const error = await rejectsWith('STORE_FENCED', commits());
      assert.match(error.message, /was (removed|replaced) while it was in use/);
      await stores.close();
    });

    it(`T14: says so within some seconds, while nothing is committed, where ${what}`, LIMIT, async () => {
      const { dir } = await prepared();
      const stores = await openStores(dir, 'embedded');
      const store = await stores.open('history', 0);
      let lost: MillraceError | undefined;
      void store.lost?.then((told) => {
        lost = told;
      });
      swap(dir);
      // the look itself keeps no process alive
      assert.equal((await until(() => lost)).code, 'STORE_FENCED');
      await rejectsWith('STORE_FENCED', store.close());
      await stores.close();
    });
  }

  it('keeps another process out, of either version, and its kill -9 lets one in', LIMIT, async () => {
    const dir = join(tempDir('lock'), 'store');
    const writer = [...programArgs('test/support/store/store-writer.ts'), dir, '0', '1000000000', '20', 'embedded'];
    const owner = startChild(process.execPath, writer);
    await owner.waitForLine(/^durable/);
    for (const opening of [() => EmbeddedStores.open(dir), () => LmdbStores.open(dir)]) {
      const error = await rejectsWith('STORE_LOCKED', opening());
      assert.match(error.message, new RegExp(`process ${owner.pid} on `));
    }
    owner.signal('SIGKILL');
    await owner.exited;
    assert.ok((await recoverHistory(dir, 20, 'embedded')) >= 0);
  });
});
