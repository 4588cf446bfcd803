import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { MillraceError } from '../../src/errors/index.js';
import { LmdbStores } from '../../src/store/index.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { memoryDir } from '../support/memory-dir.js';
import { rejectsWith } from '../support/rejects-with.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type DamagedStore, flipAll, flipsOf, tally } from '../support/store/flip-bits.js';
import { historyFile, recoverHistory, writeHistory } from '../support/store/run-store-writer.js';
import { checkHistory } from '../support/store/store-history.js';

const PAGE = 4096;

const damaged = async (): Promise<DamagedStore & { readonly size: number }> => {
  const dir = join(memoryDir('damage'), 'store');
  await writeHistory(dir, 10, 80);
  const pristine = join(dirname(dir), 'pristine.mdb');
  copyFileSync(historyFile(dir), pristine);
  return { dir, file: historyFile(dir), pristine, size: statSync(pristine).size };
};

describe('LmdbStores on damaged files', SUITE_LIMIT, () => {
  it('a flipped bit is STORE_CORRUPT or does not matter, and never changes what is read', LIMIT, async (t) => {
    const store = await damaged();
    const random = new SeededRandom(20_261_122);
    // The lengths of the lists on a page are the known exception, see docs/decisions.md.
    const anywhere = (): number => {
      const offset = random.below(store.size);
      return offset % PAGE === 20 || offset % PAGE === 21 ? anywhere() : offset;
    };
    const outcomes = await flipAll(store, flipsOf(random, 150, anywhere));
    const counts = tally(outcomes);
    t.diagnostic(JSON.stringify([...counts]));
    assert.deepEqual(
      [...outcomes].filter(([, outcome]) => outcome.startsWith('WRONG')),
      [],
    );
    const ended = [...outcomes.values()].filter((outcome) => outcome.startsWith('ended by')).length;
    assert.ok(ended <= outcomes.size / 20, `${ended} of ${outcomes.size} flips ended the process`);
    assert.ok((counts.get('STORE_CORRUPT') ?? 0) > outcomes.size / 5);
  });

  it('a flipped bit in a header is STORE_CORRUPT or STORE_VERSION, or does not matter', LIMIT, async (t) => {
    const random = new SeededRandom(4711);
    const outcomes = await flipAll(
      await damaged(),
      flipsOf(random, 70, () => random.below(2) * PAGE + random.below(168)),
    );
    t.diagnostic(JSON.stringify([...tally(outcomes)]));
    assert.deepEqual(
      [...outcomes].filter(([, outcome]) => outcome.startsWith('WRONG')),
      [],
    );
  });

  it(
    'a file that was cut short is STORE_CORRUPT, or whole without what was free, and not the end of the process',
    LIMIT,
    async () => {
      const { dir, pristine, size } = await damaged();
      const outcomes: string[] = [];
      for (const length of [
        0,
        100,
        PAGE,
        2 * PAGE,
        3 * PAGE,
        PAGE * Math.floor(size / PAGE / 2),
        size - PAGE - 7,
        size - 7,
      ]) {
        copyFileSync(pristine, historyFile(dir));
        truncateSync(historyFile(dir), length);
        const stores = await LmdbStores.open(dir);
        const read = async (): Promise<string> => `commit ${checkHistory(await stores.open('history', 0))}`;
        outcomes.push(await read().catch((error: unknown) => MillraceError.from(error).code));
        await stores.close();
      }
      assert.deepEqual(
        outcomes.slice(0, 5),
        Array.from({ length: 5 }, () => 'STORE_CORRUPT'),
      );
      for (const outcome of outcomes) assert.match(outcome, /^(STORE_CORRUPT|commit 9)$/);
    },
  );

  it('a damaged record is named, is an error at each read, and the others can be read', LIMIT, async () => {
    const { dir } = await damaged();
    const file = historyFile(dir);
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf('row/00000009/000007'); at >= 0; at = bytes.indexOf('row/00000009/000007', at + 1)) {
      bytes[at + 40] = (bytes[at + 40] ?? 0) ^ 1;
    }
    writeFileSync(file, bytes);
    const stores = await LmdbStores.open(dir);
    const store = await stores.open('history', 0);
    const error = { code: 'STORE_CORRUPT', message: /partition-0\.mdb.*"row\/00000009\/000007"/ };
    assert.throws(() => store.get('row/00000009/000007'), error);
    assert.throws(() => store.get('row/00000009/000007'), error);
    assert.throws(() => [...store.range('row/', 'row0')], error);
    assert.ok(store.get('row/00000009/000008') !== undefined);
    await stores.close();
  });

  it('a file that is no store, or the store of another job, is STORE_CORRUPT', LIMIT, async () => {
    const { dir } = await damaged();
    writeFileSync(historyFile(dir).replace('partition-0', 'partition-1'), 'a text'.repeat(10_000));
    renameSync(historyFile(dir), historyFile(dir).replace('partition-0', 'partition-2'));
    const stores = await LmdbStores.open(dir);
    for (const partition of [1, 2]) await rejectsWith('STORE_CORRUPT', stores.open('history', partition));
    await stores.open('history', 0);
    await stores.close();
  });

  it('a header that is older than the records, as in a copy of a file in use, is STORE_CORRUPT', LIMIT, async () => {
    const { dir, pristine } = await damaged();
    for (let commit = 9; commit < 15; commit++) assert.equal(await recoverHistory(dir, 80), commit);
    const mixed = readFileSync(historyFile(dir));
    readFileSync(pristine).copy(mixed, 0, 0, 2 * PAGE);
    writeFileSync(historyFile(dir), mixed);
    const stores = await LmdbStores.open(dir);
    await rejectsWith('STORE_CORRUPT', stores.open('history', 0));
    await stores.close();
  });
});
