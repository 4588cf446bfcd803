import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { howMany } from '../support/full-run.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { LIMIT } from '../support/limits.js';
import { memoryDir } from '../support/memory-dir.js';
import { SeededRandom } from '../support/seeded-random.js';
import { powerLosses } from '../support/store/power-loss.js';
import {
  historyFile,
  recoverHistory,
  runStoreWriter,
  withoutStrace,
  writeHistory,
} from '../support/store/run-store-writer.js';
import { tempDir } from '../support/temp-dir.js';

/** How many histories are struck, each by a seed of its own from `killSeed` on; SEED=n begins with that one. */
const SEEDS = Array.from({ length: howMany({ sample: 1, full: 10 }) }, (_, index) => killSeed + index);
const OPTIONS = { ...LIMIT, concurrency: 3 };

describe('LmdbStores across kill -9', OPTIONS, () => {
  for (const inject of ['writev:signal=KILL:when=3', 'fdatasync:signal=KILL:when=3', 'pwrite64:signal=KILL:when=4']) {
    it(`killed at ${inject}: every durable commit is there, and no half one`, {
      ...OPTIONS,
      skip: withoutStrace,
    }, async () => {
      const dir = join(tempDir('crash'), 'store');
      await writeHistory(dir, 10);
      const { durable, signal } = await runStoreWriter(dir, { from: 10, inject });
      assert.equal(signal, 'SIGKILL');
      const found = await recoverHistory(dir);
      assert.ok(found === Math.max(durable, 9) || found === durable + 1, `${durable} was durable, ${found} is there`);
    });
  }

  it('killed at any moment, again and again: every durable commit is there, and no half one', OPTIONS, async (t) => {
    for (const seed of SEEDS) {
      t.diagnostic(`SEED=${seed}`);
      await killedAgainAndAgain(new SeededRandom(seed));
    }
  });
});

describe('LmdbStores across a loss of power', OPTIONS, () => {
  it('D12 of what was not flushed any part may be missing: every durable commit is there, and no half one', {
    ...OPTIONS,
    skip: withoutStrace,
  }, async (t) => {
    for (const seed of SEEDS) {
      t.diagnostic(`SEED=${seed}`);
      await powerLost(new SeededRandom(seed));
    }
  });
});

async function killedAgainAndAgain(random: SeededRandom): Promise<void> {
  const dir = join(tempDir('crash'), 'store');
  let last = -1;
  for (let round = 0; round < 3; round++) {
    const run = { from: last + 1, rows: 100, killAfterMs: random.below(120) };
    const { durable, signal } = await runStoreWriter(dir, run);
    assert.equal(signal, 'SIGKILL');
    const found = await recoverHistory(dir, 100);
    const at = `round ${round}: ${durable} was durable, ${found} is there`;
    assert.ok(found >= Math.max(durable, last), at);
    assert.ok(found <= Math.max(durable, last) + 1, at);
    last = found + 1; // The check has committed one more.
  }
}

async function powerLost(random: SeededRandom): Promise<void> {
  const dir = join(tempDir('power'), 'store');
  await writeHistory(dir, 10, 30);
  const before = join(dirname(dir), 'before.mdb');
  copyFileSync(historyFile(dir), before);
  const { calls } = await runStoreWriter(dir, { from: 10, to: 40, rows: 30, record: true });
  let images = 0;
  const lost = join(memoryDir('power'), 'store');
  await writeHistory(lost, 1);
  for (const { image, durable } of powerLosses(readFileSync(before), calls, random)) {
    writeFileSync(historyFile(lost), image);
    const found = await recoverHistory(lost, 30);
    assert.ok(
      found === 9 + durable || found === 10 + durable,
      `image ${images}: ${9 + durable} was durable, ${found} is there`,
    );
    images += 1;
  }
  assert.ok(images >= 60, `only ${images} images`);
}
