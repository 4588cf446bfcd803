import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fullRun, howMany } from '../support/full-run.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type ChangingCall, changingCalls, nearby, runStruck, struckCall } from '../support/store/changing-calls.js';
import { historyFile, recoverHistory, runStoreWriter, withoutStrace } from '../support/store/run-store-writer.js';
import { tempDir } from '../support/temp-dir.js';

const OPTIONS = { ...LIMIT, concurrency: 2 };
const FORM = { form: 'embedded' } as const;
const newDir = (): string => join(tempDir('embedded'), 'store');
const recover = (dir: string, rows?: number): Promise<number> => recoverHistory(dir, rows, 'embedded');

const isWhole = (found: number, durable: number, at: string): void =>
  assert.ok(found === durable || found === durable + 1, `${at}: ${durable} was durable, ${found} is there`);

const RUN = { ...FORM, to: 120 };
let recorded: Promise<readonly ChangingCall[]> | undefined;
/** Those of a run to its end. */
const allCalls = (): Promise<readonly ChangingCall[]> => {
  recorded ??= changingCalls(newDir(), RUN);
  return recorded;
};

/** Where a kill comes, by the call that it comes in place of. */
const PLACES = [
  ['D5 in a new segment that has no name yet', /^\d+ +rename\(.*\.log\/\d+\.segment\.new"/],
  ['while the view is written', /^\d+ +writev\(.*\.view>/],
  ['D12 in a snapshot that is not flushed', /^\d+ +fdatasync\(.*\.blobs\/\.\d/],
  ['between a snapshot and its record', /^\d+ +fsync\(.*\.blobs>/],
  ['before the first segment is trimmed', /^\d+ +unlink\(".*\.log\/\d+\.segment"/],
  ['while the log is trimmed', /^\d+ +unlink\(".*\.log\/\d+\.segment"/, 1],
  ['before the mark of a new store', /^\d+ +rename\(.*\.mdb\.new"/],
  ['before a new log has its name', /^\d+ +rename\(.*\.log\.new", /],
  ['before the view of a new store is marked', /^\d+ +fdatasync\(.*\.view\.boot>/],
  ['before a snapshot has its name', /^\d+ +rename\(.*\.blobs\/\.\d/],
  ['before a new segment is flushed', /^\d+ +fdatasync\(.*\.log\/\d+\.segment\.new>/],
  ['before a former snapshot is removed', /^\d+ +unlink\(".*\.blobs\/\d/],
  ['before the header of the view is written', /^\d+ +pwrite64\(.*\.view>.*, 128, /],
  ['before a view is flushed at the end', /^\d+ +fdatasync\(.*\.view>/],
  ['before a view is taken for whole', /^\d+ +unlink\(".*\.view\.boot"/],
] as const;

describe('a store over a log in files across kill -9', SUITE_LIMIT, () => {
  for (const [where, pattern, index = 0] of fullRun ? PLACES : PLACES.slice(0, 6)) {
    it(`killed ${where}: every durable commit is there, and no half one`, {
      ...OPTIONS,
      skip: withoutStrace,
    }, async () => {
      const call = (await allCalls()).filter(({ line }) => pattern.test(line))[index];
      assert.ok(call, 'a run comes there');
      for (let attempt = 0; ; attempt += 1) {
        const dir = newDir();
        const struck = await runStruck(dir, nearby(call, attempt), { ...RUN, by: 'signal=KILL' });
        if (struck.signal === 'SIGKILL') {
          isWhole(await recover(withoutView(dir)), struck.durable, `${where}, without the view`);
          isWhole(await recover(dir), struck.durable, where);
          if (pattern.test(struckCall(struck))) return;
        }
        assert.ok(attempt < 20, `killed elsewhere: ${struckCall(struck)} ${struck.stderr.join('\n')}`);
      }
    });
  }

  it('killed at any moment, again and again: every durable commit is there, and no half one', LIMIT, async (t) => {
    for (let seed = killSeed; seed < killSeed + howMany({ sample: 1, full: 10 }); seed += 1) {
      t.diagnostic(`SEED=${seed}`);
      await killedAgainAndAgain(new SeededRandom(seed), 3, () => {});
    }
  });
});

describe('a store over a log in files across a loss of power', SUITE_LIMIT, () => {
  it(
    'D12 of the view, which was not flushed, any part may be missing: every durable commit is there',
    LIMIT,
    async (t) => {
      for (let seed = killSeed; seed < killSeed + howMany({ sample: 1, full: 10 }); seed += 1) {
        t.diagnostic(`SEED=${seed}`);
        const random = new SeededRandom(seed);
        await killedAgainAndAgain(random, 3, (dir) => loseView(dir, random));
      }
    },
  );

  it('D12 a snapshot and its name are durable before its record, and that before anything is trimmed', {
    ...OPTIONS,
    skip: withoutStrace,
  }, async () => {
    const calls = (await allCalls()).map(({ line }) => line);
    const trimmed = calls.findIndex((line) => /unlink\(".*\.log\/\d+\.segment"/.test(line));
    assert.ok(trimmed >= 0, calls.join('\n'));
    const name = /rename\(.*\.blobs\/\.([\d.]+)"/.exec(
      calls.findLast((line, at) => at < trimmed && /rename\(.*\.blobs\//.test(line)) ?? '',
    )?.[1];
    const order = [
      `write\\(.*\\.blobs/\\.${name}>, "millrBLB`,
      `fdatasync\\(.*\\.blobs/\\.${name}>`,
      `rename\\(.*\\.blobs/\\.${name}"`,
      'fsync\\(.*\\.blobs>',
      'pwritev\\(.*\\.log/',
    ];
    let at = -1;
    for (const one of order) {
      at = calls.findIndex((line, index) => index > at && new RegExp(one).test(line));
      assert.ok(at >= 0 && at < trimmed, `${one} comes in its place: ${calls.join('\n')}`);
    }
  });

  it('D5 a view is marked, durably, before anything is written to it, and flushed before that is taken away', {
    ...OPTIONS,
    skip: withoutStrace,
  }, async () => {
    const calls = (await allCalls()).map(({ line }) => line);
    const find = (pattern: RegExp): number => calls.findIndex((line) => pattern.test(line));
    const marked = find(/fdatasync\(.*\.view\.boot>/);
    assert.ok(marked >= 0 && marked < find(/(write|writev|pwrite64)\(.*\.view>/), calls.join('\n'));
    const last = calls.findLastIndex((line) => /(writev|pwrite64)\(.*\.view>/.test(line));
    const flushed = calls.findIndex((line, at) => at > last && /fdatasync\(.*\.view>/.test(line));
    assert.ok(last < flushed && flushed < find(/unlink\(".*\.view\.boot"/), calls.join('\n'));
  });
});

/** A copy of what is there, with the log and its snapshots alone. */
function withoutView(dir: string): string {
  const alone = newDir();
  cpSync(dir, alone, { recursive: true });
  rmSync(historyFile(alone, 'view'), { force: true });
  return alone;
}

/** What a kill leaves is changed, opened, and killed again. */
async function killedAgainAndAgain(random: SeededRandom, rounds: number, change: (dir: string) => void): Promise<void> {
  const dir = newDir();
  let last = -1;
  const filesIn = (place: string): readonly string[] => readdirSync(historyFile(dir, place)).sort();
  const isTrimmed = (): boolean =>
    (filesIn('log')[0] ?? '') > '0000000000000001.segment' && filesIn('blobs').some((name) => !name.startsWith('.'));
  // so much has been written that a snapshot was taken: how long that takes is up to the machine
  for (let round = 0; round < rounds || !isTrimmed(); round += 1) {
    const run = { ...FORM, from: last + 1, rows: 100, killAfterMs: 100 + random.below(500) };
    const { durable, signal } = await runStoreWriter(dir, run);
    assert.equal(signal, 'SIGKILL');
    change(dir);
    isWhole(await recover(withoutView(dir), 100), Math.max(durable, last), `round ${round}, without the view`);
    const found = await recover(dir, 100);
    isWhole(found, Math.max(durable, last), `round ${round}`);
    // The check has committed one more.
    last = found + 1;
  }
}

/** What the power leaves of a view of which nothing was flushed: sectors of now, of before, or of nothing. */
function loseView(dir: string, random: SeededRandom): void {
  const view = historyFile(dir, 'view');
  assert.ok(existsSync(`${view}.boot`), 'the view was in use');
  writeFileSync(`${view}.boot`, 'another-start');
  const former = join(dirname(dir), 'former.view');
  const now = readFileSync(view);
  const before = existsSync(former) ? readFileSync(former) : Buffer.alloc(0);
  cpSync(view, former);
  const chance = random.pick([0, 0.5, 0.95, 1]);
  const left = Buffer.alloc(now.byteLength);
  before.copy(left);
  for (let at = 0; at < now.byteLength; at += 512) if (random.chance(chance)) now.copy(left, at, at, at + 512);
  writeFileSync(view, left);
}
