import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lookAtFormer } from '../../src/store/embedded/former-mark.js';
import { fullRun } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { memoryDir } from '../support/memory-dir.js';
import {
  type ChangingCall,
  changingCalls,
  onItsFile,
  runStruck,
  type Strike,
  struckCall,
} from '../support/store/changing-calls.js';
import { historyFile, recoverHistory, withoutStrace, writeHistory } from '../support/store/run-store-writer.js';

const OPTIONS = { ...LIMIT, concurrency: 2, skip: withoutStrace };
const COMMITS = 10;
/** Opens the store, and that takes it over; writes nothing. */
const OPENING = { form: 'embedded', from: COMMITS, to: COMMITS } as const;
/** As a sample, so many calls are between two that are tried. */
const STEP = fullRun ? 4 : 16;

/** A directory with a store of an earlier version. */
async function formerStore(): Promise<string> {
  const dir = join(memoryDir('former'), 'store');
  await writeHistory(dir, COMMITS);
  return dir;
}

function copyOf(former: string): string {
  const dir = join(memoryDir('taken'), 'store');
  cpSync(former, dir, { recursive: true });
  return dir;
}

/** The calls by which an opening takes a store over, up to the mark and a little beyond. */
async function conversionOf(former: string): Promise<readonly ChangingCall[]> {
  const calls = await changingCalls(copyOf(former), OPENING);
  const marked = calls.findIndex(({ line }) => /rename\(.*\.mdb\.new"/.test(line));
  const snapshot = calls.findIndex(({ line }) => /fdatasync\(.*\.blobs\/\.\d/.test(line));
  assert.ok(snapshot >= 0 && marked > snapshot, calls.map(({ line }) => line).join('\n'));
  return calls.slice(0, marked + 3).map(onItsFile);
}

/** An opening of its own that fails ends the process in this binding, see `readLmdbHeader`; one of ours of the same file comes first. */
const isOfLmdb = ({ call, line }: ChangingCall): boolean => call === 'openat' && !line.includes('O_NOFOLLOW');

/** The sample begins elsewhere for each kind of strike; the mark itself is always among them. */
const triedOf = (calls: readonly ChangingCall[], begin: number): readonly ChangingCall[] =>
  calls.filter(({ line }, at) => at % STEP === begin % STEP || /rename\(.*\.mdb\.new"/.test(line));

/** The former store as it was, or a mark behind a log that has all. */
async function checkKept(dir: string, former: string, at: string): Promise<void> {
  const found = await lookAtFormer(historyFile(dir));
  if (found === 'store') assert.deepEqual(readFileSync(historyFile(dir)), readFileSync(historyFile(former)), at);
  else assert.equal(found, 'mark', at);
  assert.equal(await recoverHistory(dir, 20, 'embedded'), COMMITS - 1, at);
  assert.equal(await lookAtFormer(historyFile(dir)), 'mark', at);
}

describe('taking over the store of an earlier version', SUITE_LIMIT, () => {
  it('killed at any call that changes a file: it is the former store or the new one, whole', OPTIONS, async (t) => {
    const former = await formerStore();
    const tried = triedOf(await conversionOf(former), 3);
    for (const call of tried) {
      const dir = copyOf(former);
      const run = await runStruck(dir, call, { ...OPENING, by: 'signal=KILL' });
      assert.equal(run.signal, 'SIGKILL', `${call.line}: ${run.said.join()}`);
      await checkKept(dir, former, struckCall(run));
    }
    t.diagnostic(`${tried.length} calls`);
  });

  for (const [by, code, begin] of [
    ['error=ENOSPC', 'STORE_FULL', 7],
    ['error=EIO', 'STORAGE_FAILED', 11],
  ] as const) {
    it(
      `${by} at any call that changes a file: an error or no harm, and the next opening takes it over`,
      OPTIONS,
      async (t) => {
        const former = await formerStore();
        const tried = triedOf(await conversionOf(former), begin);
        const outcomes = new Map<string, number>();
        for (const call of tried) {
          const outcome = await struckOpening(former, call, by);
          const ended = isOfLmdb(call) ? '|ended by SIG[A-Z]+' : '';
          const expected = new RegExp(`^(open|not opened ${code}${ended})$`);
          assert.match(outcome, expected, call.line);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
        t.diagnostic(JSON.stringify([...outcomes]));
        assert.ok((outcomes.get(`not opened ${code}`) ?? 0) > 0);
      },
    );
  }
});

async function struckOpening(former: string, call: ChangingCall, by: Strike): Promise<string> {
  const dir = copyOf(former);
  const run = await runStruck(dir, call, { ...OPENING, by });
  assert.ok(
    run.calls.some((line) => line.includes('(INJECTED)')),
    call.line,
  );
  await checkKept(dir, former, call.line);
  if (run.signal !== null) return `ended by ${run.signal}`;
  return run.said.find((line) => line !== 'closed') ?? 'nothing';
}
