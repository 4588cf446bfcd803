import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PartitionFollower } from '../../../../src/cluster/node/partition-follower.js';
import { namePrefix } from '../../../../src/engine/layout/keys/named-keys.js';
import { isPartKey } from '../../../../src/engine/layout/keys/part-key.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type Job, type JobOptions, Pipeline, WindowDefinition } from '../../../../src/index.js';
import { DirectoryStores } from '../../../../src/store/directory-stores.js';
import { EmbeddedStores } from '../../../../src/store/embedded/embedded-stores.js';
import { backupDirectory, MemoryStores, type StoreProvider } from '../../../../src/store/index.js';
import { LogStores } from '../../../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../../../src/store/log/memory/memory-logs.js';
import { MemoryViews } from '../../../../src/store/log/memory/memory-views.js';
import type { Restored } from '../../../../src/store/log/opening/open-log-store.js';
import { decodeBatch } from '../../../../src/store/log/record/batch-codec.js';
import { decodeSnapshot } from '../../../../src/store/log/snapshot/snapshot-codec.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { type PlainItem, PlainWindows } from '../../../support/plain-windows.js';
import { arrivedOf, asText } from '../../../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { tempDir } from '../../../support/temp-dir.js';
import { listing } from '../../../support/timed-items.js';
import { until } from '../../../support/until.js';

/* That panes which stand in records of their own (SR1) go wherever the state of their key goes: results are those of the whole input. */

const OPTIONS: JobOptions = { name: 'job', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };
const STAGE = 'windows';
/** So many panes of a key that most of them stand in parts. */
const SIZE_MS = 1200;
const SLIDE_MS = 10;
/** How far an item may come behind one that is later. */
const LAG_MS = 200;
const KEYS = ['a', 'b'];
/** Of a commit, and less: a pane has to stay as it is over one to go into a part. */
const BATCH = 20;
/** So small that there are many snapshots. */
const SNAPSHOT_BYTES = 5_000;

/** Two items in each slide. Each seventh comes behind later ones, where its pane stands in a part. */
const ITEMS = Array.from({ length: 480 }, (_, n): PlainItem => {
  const at = 5 * n - (n % 7 === 6 ? 150 : 0);
  return { key: KEYS[n % 2] ?? '', at, n };
});
const [EARLIER, LATER] = [ITEMS.slice(0, 300), ITEMS.slice(300)];

/** The windows of the input that have ended by then. */
const recomputed = (items: readonly PlainItem[]): readonly string[] => {
  const windows = new PlainWindows({ kind: 'sliding', size: SIZE_MS, slide: SLIDE_MS }, LAG_MS);
  for (const item of items) windows.take(item);
  const watermark = Math.max(...items.map(({ at }) => at)) - LAG_MS;
  const ended = windows.all().filter(({ end }) => end <= watermark);
  return ended.map(({ key, end, numbers }) => textOf(key, end, numbers)).sort();
};

/** Of a result: how many numbers, and their sum. */
const textOf = (key: string, end: number, numbers: readonly number[]): string =>
  `${key} ${end} ${numbers.length} ${numbers.reduce((sum, one) => sum + one, 0)}`;

interface StartOptions extends Partial<JobOptions> {
  readonly slideMs?: number;
  /** The stage with windows is not there. */
  readonly without?: true;
}

/** What a job reads, and what it tells. */
class Windows {
  readonly source = new ManualSource<PlainItem>();
  readonly #told = new Destination();
  #job: Job | undefined;

  /** @param earlier whose destination is as it is now: to go on from a copy of its store */
  constructor(earlier?: Windows) {
    if (earlier !== undefined) this.#told.arrived.push(...earlier.#told.arrived);
  }

  start(stores: StoreProvider, { slideMs = SLIDE_MS, without, ...options }: StartOptions = {}): Job {
    const pipeline = Pipeline.create();
    const items = pipeline.readFrom(this.source.source).withTimestamps(({ at }) => at, LAG_MS);
    const lines = without
      ? items.map(({ n }) => `item ${n}`)
      : items
          .groupingKey(({ key }) => key)
          .window(WindowDefinition.sliding(SIZE_MS, slideMs))
          .aggregate(listing(({ n }: PlainItem) => n))
          .setName(STAGE)
          .map(({ key, end, value }) => textOf(key, end, value));
    lines.writeTo(asText(durableSink(this.#told))).setName('out');
    const job = Engine.embedded({ stores }).newJob(pipeline, { ...OPTIONS, ...options });
    this.#job = job;
    return job;
  }

  /** Once each. */
  get told(): readonly string[] {
    return arrivedOf<string>(this.#told);
  }

  /** Resolves when all of it is stored, and as much is told as these lead to. */
  async take(items: readonly PlainItem[], results: number): Promise<void> {
    for (let first = 0; first < items.length; first += BATCH) {
      this.source.push(...items.slice(first, first + BATCH));
      await this.#until(() => this.source.acknowledged === this.source.items.length);
    }
    await this.#until(() => this.told.length >= results);
  }

  /** Rejects with what the job fails with. */
  async #until(probe: () => boolean): Promise<void> {
    await until(async () => {
      if (this.#job?.status === 'FAILED') await this.#job.join();
      return probe();
    });
  }
}

const PREFIX = namePrefix('state', STAGE);
const isOfStage = (key: string): boolean => key.startsWith(PREFIX);
const isPart = (key: string): boolean => isOfStage(key) && isPartKey(key.slice(PREFIX.length));

/** The keys of the stage. */
const storedIn = async (stores: StoreProvider, job = 'job'): Promise<readonly string[]> => {
  const stored = await stores.lookAt?.(job, 0, async (moment) => {
    const keys: string[] = [];
    for await (const { key } of moment.records(isOfStage)) keys.push(key);
    return keys;
  });
  return stored ?? assert.fail('there is no such store');
};

/** Gives those that are parts: there are some of each key. */
const partsOf = (keys: readonly string[]): readonly string[] => {
  const parts = keys.filter(isPart);
  for (const key of KEYS)
    assert.ok(
      parts.some((one) => one.startsWith(`${PREFIX}ps${key}/`)),
      `none of ${key} in ${parts}`,
    );
  return parts;
};

const EARLIER_RESULTS = recomputed(EARLIER);
const RESULTS = recomputed(ITEMS);
const LATER_COUNT = RESULTS.length - EARLIER_RESULTS.length;

describe('parts of windows', SUITE_LIMIT, () => {
  it('R18: are in a snapshot of the job, and one that begins with it tells what is due of the whole input', async () => {
    const stores = new MemoryStores();
    const first = new Windows();
    const job = first.start(stores);
    await first.take(EARLIER, EARLIER_RESULTS.length);
    const parts = partsOf(await storedIn(stores));
    await job.exportSnapshot('half');
    await first.take(LATER, RESULTS.length);
    await job.drain();
    assert.deepEqual([...first.told].sort(), RESULTS);

    const second = new Windows();
    const begun = second.start(stores, { name: 'begun', initialSnapshot: 'half' });
    await begun.whenRunning();
    assert.deepEqual(partsOf(await storedIn(stores, 'begun')), parts);
    await second.take(LATER, LATER_COUNT);
    await begun.drain();
    assert.deepEqual([...EARLIER_RESULTS, ...second.told].sort(), RESULTS);
  });

  it('are in a backup beside the job, which goes on from it with what is due of the whole input', async () => {
    const place = tempDir('parts');
    const [dir, copy] = [join(place, 'state'), join(place, 'copy')];
    const first = new Windows();
    const stores = await EmbeddedStores.open(dir, { snapshotBytes: SNAPSHOT_BYTES, segmentBytes: 20_000 });
    const job = first.start(stores);
    await first.take(EARLIER, EARLIER_RESULTS.length);
    const second = new Windows(first);
    await backupDirectory(dir, copy);
    await first.take(LATER, RESULTS.length);
    await job.drain();
    await stores.close();

    rmSync(join(copy, 'backup.json'));
    const copied = new DirectoryStores(copy, { onSnapshotFailed: assert.fail });
    partsOf(await storedIn(copied));
    const restored = second.start(copied);
    await second.take(LATER, RESULTS.length);
    await restored.drain();
    await copied.close();
    for (const { told } of [first, second]) assert.deepEqual([...told].sort(), RESULTS);
  });

  for (const { isKilled, isFollowed } of [
    { isKilled: false, isFollowed: false },
    { isKilled: false, isFollowed: true },
    { isKilled: true, isFollowed: false },
    { isKilled: true, isFollowed: true },
  ]) {
    const from = isKilled ? 'whose owner was killed' : 'that was handed over';
    const to = isFollowed ? 'that followed it' : 'that had nothing of it';
    it(`come by a snapshot of the log with a partition ${from}, to a node ${to}`, async () => {
      const cluster = new MemoryLogs();
      const windows = new Windows();
      const [first, second] = [nodeOf(cluster), nodeOf(cluster)];
      const job = windows.start(first.stores);
      await windows.take(EARLIER, EARLIER_RESULTS.length);
      if (isFollowed) await second.follow();
      if (isKilled) {
        await first.logs.close();
        windows.source.push(...LATER.slice(0, BATCH));
        await assert.rejects(job.join());
      } else {
        await job.drain();
      }
      await first.stores.close();
      partsOf(await keysInSnapshot(cluster));

      const taken = windows.start(second.stores);
      await windows.take(LATER.slice(isKilled ? BATCH : 0), RESULTS.length);
      await taken.drain();
      await second.stores.close();
      assert.deepEqual(
        second.restored.map(({ from }) => from),
        [isFollowed ? 'view' : 'snapshot'],
      );
      assert.deepEqual([...windows.told].sort(), RESULTS);
    });
  }

  for (const [changed, now, refusal] of [
    ['a stage that is gone', { without: true }, /stage "windows" \(state\)/],
    ['windows that slide by another length', { slideMs: 2 * SLIDE_MS }, /stage "windows" has stored the state of/],
  ] as const) {
    it(`of ${changed} are refused as state without a home, and none is left where that is dropped`, async () => {
      const stores = new MemoryStores();
      const windows = new Windows();
      const job = windows.start(stores);
      await windows.take(EARLIER, EARLIER_RESULTS.length);
      await job.drain();
      const before = await storedIn(stores);
      partsOf(before);

      const refused = MillraceError.from(
        await windows
          .start(stores, now)
          .join()
          .catch((error: unknown) => error),
      );
      assert.equal(refused.code, 'JOB_CHANGED');
      assert.match(refused.message, refusal);
      assert.match(refused.advice ?? '', /dropState: \['windows'\].*--drop-state 'windows' of millrace run/);
      assert.deepEqual(await storedIn(stores), before);

      const dropping = windows.start(stores, { ...now, dropState: [STAGE] });
      await dropping.whenRunning();
      await dropping.drain();
      assert.deepEqual(await storedIn(stores), []);
    });
  }
});

/** A node of a cluster, as far as it opens the log of a partition that others have had. */
const nodeOf = (cluster: MemoryLogs) => {
  const [logs, views] = [new MemoryLogs(cluster), new MemoryViews()];
  const restored: Restored[] = [];
  const stores = new LogStores({
    logs,
    views,
    snapshotBytes: SNAPSHOT_BYTES,
    behindBytes: 1,
    onRestored: (_, how) => void restored.push(how),
  });
  const follow = async (): Promise<void> => {
    const follower = new PartitionFollower({ job: 'job', partition: 0, logs, views });
    await until(() => follower.isWarm);
    await follower.close(true);
  };
  return { logs, stores, restored, follow };
};

const keysInSnapshot = async (logs: MemoryLogs): Promise<readonly string[]> => {
  const blobs = await logs.blobs('job', 0);
  const [name] = await blobs.list();
  assert.ok(name !== undefined, 'no snapshot was taken');
  const keys: string[] = [];
  for await (const slice of decodeSnapshot(blobs.get(name), name)) keys.push(...decodeBatch(slice, name).keys());
  return keys;
};
