import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fullRun } from '../support/full-run.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';
import { logDirectory, withLog } from '../support/store/file-log-place.js';
import { checkLog, HISTORY_SEGMENT_BYTES, recoverHistoryLog } from '../support/store/log-history.js';
import { runStoreWriter, withoutStrace } from '../support/store/run-store-writer.js';
import { tempDir } from '../support/temp-dir.js';

const OPTIONS = { ...LIMIT, concurrency: 2 };
const FIRST = '0000000000000001.segment';

const isWhole = (found: number, durable: number): void =>
  assert.ok(found === durable || found === durable + 1, `${durable} was durable, ${found} is there`);

describe('a log in files across kill -9', OPTIONS, () => {
  for (const nth of [1, 2, 7]) {
    it(`killed at write ${nth}: every durable record is there, and no half one`, {
      ...OPTIONS,
      skip: withoutStrace,
    }, async () => {
      const dir = join(tempDir('log'), 'store');
      const { durable, signal } = await runStoreWriter(dir, {
        writer: 'log-writer',
        file: join(logDirectory(dir), FIRST),
        inject: `pwritev:signal=KILL:when=${nth}`,
      });
      assert.equal(signal, 'SIGKILL');
      isWhole(await recoverHistoryLog(dir), Math.max(durable, 0));
    });
  }

  it('killed at any moment, again and again: every durable record is there, and no half one', OPTIONS, async (t) => {
    for (let seed = killSeed; seed < killSeed + (fullRun ? 10 : 1); seed += 1) {
      t.diagnostic(`SEED=${seed}`);
      const random = new SeededRandom(seed);
      const dir = join(tempDir('log'), 'store');
      let last = 0;
      for (let round = 0; round < 4 || last === 0; round += 1) {
        const { durable, signal } = await runStoreWriter(dir, {
          writer: 'log-writer',
          killAfterMs: random.below(200),
        });
        assert.equal(signal, 'SIGKILL');
        isWhole(await recoverHistoryLog(dir), Math.max(durable, last));
        last = await withLog(dir, checkLog, HISTORY_SEGMENT_BYTES);
      }
    }
  });
});

/** The calls on a log, each as its name and the file. */
async function callsOf(dir: string, to: number): Promise<string[]> {
  const trace = 'openat,write,writev,pwrite64,pwritev,fdatasync,fsync,rename,ftruncate';
  const { calls, durable } = await runStoreWriter(dir, { writer: 'log-writer', to, trace });
  assert.equal(durable, to);
  return calls.flatMap((line) => {
    const [, call, rest = ''] = /^\d+ +(\w+)\((.*partition-0\.log.*)$/.exec(line) ?? [];
    const file = /partition-0\.log(\.new)?(\/[\w.]+)?/.exec(rest)?.[0];
    return call === undefined ? [] : [`${call} ${file}${rest.includes('O_DSYNC') ? ' O_DSYNC' : ''}`];
  });
}

describe('the writes of a log in files', { ...OPTIONS, skip: withoutStrace }, () => {
  it('D12 each record is one write, and durable when that returns', OPTIONS, async () => {
    const dir = join(tempDir('log'), 'store');
    await callsOf(dir, 3);
    const calls = await callsOf(dir, 8);
    const file = `partition-0.log/${FIRST}`;
    const opened = calls.indexOf(`openat ${file} O_DSYNC`);
    assert.ok(opened >= 0, calls.join('\n'));
    const writes = calls.slice(opened).filter((call) => !call.startsWith('openat'));
    // The last one that was there is written again (R13): a flush that failed may have left it in memory alone.
    assert.deepEqual(writes, new Array<string>(1 + 5).fill(`pwritev ${file}`));
  });

  it('D5 a segment has its name when its header is durable, and that is durable before a record', OPTIONS, async () => {
    const calls = await callsOf(join(tempDir('log'), 'store'), 60);
    const segments = [...new Set(calls.flatMap((call) => /^pwritev .*\/(\d+\.segment)$/.exec(call)?.[1] ?? []))];
    assert.ok(segments.length >= 3, calls.join('\n'));
    for (const segment of segments.slice(1)) {
      const made = calls.filter((call) => call.includes(segment) || call === 'fsync partition-0.log');
      const first = made.findIndex((call) => call.includes(segment));
      const path = `partition-0.log/${segment}`;
      assert.deepEqual(made.slice(first, first + 8), [
        `openat ${path}.new`,
        `write ${path}.new`,
        `ftruncate ${path}.new`,
        `fdatasync ${path}.new`,
        `rename ${path}.new`,
        'fsync partition-0.log',
        `openat ${path} O_DSYNC`,
        `pwritev ${path}`,
      ]);
    }
  });
});
