import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fullRun } from '../support/full-run.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { memoryDir } from '../support/memory-dir.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type DiskImage, DiskTree, putImage } from '../support/store/disk-tree.js';
import { recoverHistory, runStoreWriter, type WriterRun, withoutStrace } from '../support/store/run-store-writer.js';
import { losePower, type RecordedMoment, recordedMoments } from '../support/store/store-power-loss.js';
import { tempDir } from '../support/temp-dir.js';

const OPTIONS = { ...LIMIT, skip: withoutStrace };
/** Each by a seed of its own from `killSeed` on; SEED=n begins with that one. */
const SEEDS = Array.from({ length: fullRun ? 2 : 1 }, (_, index) => killSeed + index);
/** Of the moments of a recording at which the power fails: of some hundreds, and of those behind a kill. */
const SHARE = fullRun ? 1 : 0.08;
const SHARE_BEHIND = fullRun ? 1 : 0.25;
const COMMITS = 60;

interface Recording extends WriterRun {
  readonly root: string;
}

/** Runs a writer in a directory that is below a directory of its own. */
async function record(root: string, from: number, to: number): Promise<Recording> {
  const run = await runStoreWriter(join(root, 'store'), { from, to, form: 'embedded', recordAll: true });
  assert.equal(run.durable, to - 1, run.stderr.join('\n'));
  return { ...run, root };
}

let recorded: Promise<Recording> | undefined;
/** A new store, with some segments and snapshots, until it is closed. */
const wholeRun = (): Promise<Recording> => {
  recorded ??= record(newRoot(), 0, COMMITS);
  return recorded;
};
const newRoot = (): string => tempDir('power');

describe('a store over a log in files across a loss of power, at any call', SUITE_LIMIT, () => {
  it(
    'D12 of the bytes and names that were not flushed any may be missing: every durable commit is there, and no half one',
    OPTIONS,
    async (t) => {
      const { calls, root } = await wholeRun();
      for (const seed of SEEDS) {
        t.diagnostic(`SEED=${seed}`);
        const random = new SeededRandom(seed);
        const tree = new DiskTree();
        const seen: RecordedMoment[] = [];
        for (const moment of recordedMoments(tree, calls, root)) {
          seen.push(moment);
          if (random.chance(SHARE)) await losePower(tree, random, moment);
        }
        for (const call of [
          /^rename .*\.segment/,
          /^unlink .*\.segment/,
          /^fsync .*\.blobs/,
          /^writev .*\.view/,
          /^unlink .*\.boot/,
        ]) {
          assert.ok(
            seen.some((moment) => call.test(moment.call)),
            `a run comes to ${call}`,
          );
        }
      }
    },
  );

  it('R13 what a killed process has left in memory alone is durable before it is read', OPTIONS, async (t) => {
    for (const seed of SEEDS) {
      t.diagnostic(`SEED=${seed}`);
      await killedThenLost(new SeededRandom(seed));
    }
  });
});

/** A process is killed while a record is written, another one reads that record, and then the power fails. */
async function killedThenLost(random: SeededRandom): Promise<void> {
  const { calls, root } = await wholeRun();
  const tree = new DiskTree();
  const killed = killedAt(recordedMoments(tree, calls, root), 10 + random.below(COMMITS - 20));
  const left = newRoot();
  putImage(left, tree.cached());
  const found = await foundBy(tree.cached());
  assert.ok(found === killed.durable || found === killed.durable + 1);
  const next = await record(left, found + 1, found + 8);
  for (const { isOpen, durable, call } of recordedMoments(tree, next.calls, left)) {
    if (!random.chance(SHARE_BEHIND)) continue;
    await losePower(tree, random, { isOpen, durable: isOpen ? Math.max(durable, found) : killed.durable, call });
  }
}

/** The moment at which a record behind that commit is written, and not yet durable. */
function killedAt(moments: Iterable<RecordedMoment>, commit: number): RecordedMoment {
  for (const moment of moments) {
    if (moment.durable >= commit && /^pwritev .*\.segment/.test(moment.call)) return moment;
  }
  assert.fail(`no record behind that of commit ${commit}`);
}

async function foundBy(image: DiskImage): Promise<number> {
  const root = memoryDir('killed');
  putImage(root, image);
  return recoverHistory(join(root, 'store'), undefined, 'embedded');
}
