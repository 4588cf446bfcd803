import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { kindOf, LEAF, nodeOffsets } from '../../src/store/lmdb/pages/lmdb-page.js';
import { startChild } from '../support/child-process.js';
import { fullRun } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { memoryDir } from '../support/memory-dir.js';
import { programArgs } from '../support/program-args.js';
import { SeededRandom } from '../support/seeded-random.js';
import { historyFile, writeHistory } from '../support/store/run-store-writer.js';

const PAGE = 4096;
/** Of a large file; as a sample the first that ends a process is enough, for each takes seconds. */
const TRIES = fullRun ? 60 : 20;

/** 1 to 6 changed bytes each, as `offset:mask,…`, anywhere in a file of this size. */
const changes = (random: SeededRandom, count: number, size: number): readonly string[] =>
  changesAt(random, count, () => random.below(size));

/** The same, with the length of a record among them: whoever believes it reads on behind the end of the file. */
function lengths(random: SeededRandom, count: number, bytes: Buffer): readonly string[] {
  const leaves = Array.from({ length: bytes.length / PAGE - 2 }, (_, index) => (index + 2) * PAGE).filter(
    (at) => kindOf(bytes.subarray(at, at + PAGE)) === LEAF,
  );
  return changes(random, count, bytes.length).map((others) => {
    const page = leaves[random.below(leaves.length)] ?? 0;
    const [node = 0] = nodeOffsets(bytes.subarray(page, page + PAGE)) ?? [];
    return `${page + node + 3}:64,${others}`;
  });
}

function changesAt(random: SeededRandom, count: number, offset: () => number): readonly string[] {
  const change = (): string => `${offset()}:${1 + random.below(255)}`;
  return Array.from({ length: count }, () => Array.from({ length: 1 + random.below(6) }, change).join(','));
}

interface Made {
  readonly dir: string;
  readonly file: string;
  readonly pristine: string;
  readonly size: number;
}

async function made(commits: number, rows: number): Promise<Made> {
  const dir = join(memoryDir('bytes'), 'store');
  await writeHistory(dir, commits, rows);
  const pristine = join(dirname(dir), 'pristine.mdb');
  const file = historyFile(dir);
  copyFileSync(file, pristine);
  return { dir, file, pristine, size: statSync(pristine).size };
}

/** Starts of a process that reads the store, each with changes of its own: what each said, or how it ended. */
async function start({ dir, file, pristine }: Made, ...flips: readonly string[]): Promise<readonly string[]> {
  const args = [...programArgs('test/support/store/store-reader.ts'), dir, file, pristine, ...flips];
  const child = startChild(process.execPath, args);
  const { signal } = await child.exited;
  const said = child.stdout.filter((line) => line !== '' && !line.startsWith('flip '));
  assert.ok(child.stdout.length > 0, child.stderr.join('\n'));
  return signal === null ? said : [...said, `ended by ${signal}`];
}

const markOf = (file: string): string => `${file}.opening`;

describe('X8: a store with changed bytes', SUITE_LIMIT, () => {
  it('of a size that is looked at is never the end of the process', LIMIT, async (t) => {
    const store = await made(10, 80);
    const outcomes = await start(store, ...changes(new SeededRandom(45), 90, store.size));
    t.diagnostic(`${outcomes.filter((outcome) => outcome === 'whole').length} of 90 are whole`);
    assert.equal(outcomes.length, 90);
    for (const outcome of outcomes) assert.match(outcome, /^(whole|STORE_CORRUPT|STORE_VERSION|STORAGE_FAILED)$/);
  });

  it(
    'of any size may end one start, never the second: that is STORE_CORRUPT, and so are all that follow',
    LIMIT,
    async (t) => {
      const store = await made(10, 1500);
      assert.ok(store.size > 1024 * 1024);
      const random = new SeededRandom(46);
      let ended = 0;
      for (let rest = lengths(random, TRIES, readFileSync(store.pristine)); rest.length > 0; ) {
        const outcomes = await start(store, ...rest);
        rest = rest.slice(outcomes.length);
        if (outcomes.at(-1)?.startsWith('ended by') !== true) break;
        ended += 1;
        assert.ok(existsSync(markOf(store.file)));
        assert.deepEqual(await start(store, 'as-it-is'), ['STORE_CORRUPT']);
        if (ended === 1) assert.deepEqual(await start(store, 'as-it-is'), ['STORE_CORRUPT']);
        if (!fullRun) break;
      }
      t.diagnostic(`${ended} ended a process`);
      assert.ok(ended > 0, 'nothing was tried');
    },
  );
});
