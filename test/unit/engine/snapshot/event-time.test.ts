import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SnapshotShelf } from '../../../../src/engine/snapshot/snapshot-shelf.js';
import { AggregateOperations, Engine, Pipeline, Sinks, WindowDefinition } from '../../../../src/index.js';
import { MemoryStores, type StoreRecord } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

/** Counts in windows of 100 ms, and what becomes of the items of one job. */
class Windows {
  readonly source = new ManualSource<number>();
  readonly told: string[] = [];
  readonly late: number[] = [];
  readonly pipeline = Pipeline.create();

  constructor(source: string) {
    this.pipeline
      .readFrom(this.source.source)
      .setName(source)
      .withTimestamps((at) => at, 0)
      .window(WindowDefinition.tumbling(100))
      .aggregate(AggregateOperations.counting(), { lateItems: Sinks.list(this.late) })
      .setName('hundreds')
      .map(({ start, value }) => `${start}: ${value}`)
      .writeTo(Sinks.list(this.told));
  }

  /** Pushes items, and resolves when all of them are stored. */
  async take(...items: number[]): Promise<void> {
    this.source.push(...items);
    await until(() => this.source.acknowledged === this.source.items.length);
  }
}

/** A job that has told the first hundred, and has one item of the second. */
const exported = async (stores: MemoryStores): Promise<void> => {
  const engine = Engine.embedded({ stores });
  const windows = new Windows('pumps');
  const job = engine.newJob(windows.pipeline, { name: 'first', processingGuarantee: 'exactly-once' });
  await windows.take(10, 95, 130);
  await until(() => windows.told.length === 1);
  assert.deepEqual(windows.told, ['0: 2']);
  await job.exportSnapshot('s');
  await engine.shutdown();
};

/** What a job that begins with a snapshot tells of three items. */
const begun = async (stores: MemoryStores, source: string, initialSnapshot: string): Promise<Windows> => {
  const engine = Engine.embedded({ stores });
  const windows = new Windows(source);
  const options = { processingGuarantee: 'exactly-once', initialSnapshot } as const;
  engine.newJob(windows.pipeline, { ...options, name: `second, ${source}` });
  await windows.take(20, 125, 200);
  await until(() => windows.told.some((one) => one.startsWith('100: ')));
  await engine.shutdown();
  return windows;
};

describe('event time in a snapshot', LIMIT, () => {
  for (const source of ['pumps', 'other pumps']) {
    it(`what was late stays late, and no window is told twice, by a job that begins with it and reads ${source}`, async () => {
      const stores = new MemoryStores();
      await exported(stores);
      const { told, late } = await begun(new MemoryStores(stores), source, 's');
      assert.deepEqual({ told, late }, { told: ['100: 2'], late: [20] });
    });
  }

  it('of a job whose sources have ended it is that of their items: a window that only the end has told is told again, of what comes then', async () => {
    const stores = new MemoryStores();
    const engine = Engine.embedded({ stores });
    const windows = new Windows('pumps');
    const job = engine.newJob(windows.pipeline, { name: 'first', processingGuarantee: 'exactly-once' });
    await windows.take(10, 95, 130);
    windows.source.end();
    await job.join();
    assert.deepEqual(windows.told, ['0: 2', '100: 1']);
    await job.exportSnapshot('ended');
    await engine.shutdown();
    const { told, late } = await begun(new MemoryStores(stores), 'pumps', 'ended');
    assert.deepEqual({ told, late }, { told: ['100: 1'], late: [20] });
  });

  it('one that is exported before the sources end has what the end would tell, which is told once then', async () => {
    const stores = new MemoryStores();
    const engine = Engine.embedded({ stores });
    const windows = new Windows('pumps');
    const job = engine.newJob(windows.pipeline, { name: 'first', processingGuarantee: 'exactly-once' });
    await windows.take(10, 95, 130);
    await until(() => windows.told.length === 1);
    await job.drain();
    assert.deepEqual(windows.told, ['0: 2'], 'a drain tells no window before its time');
    await job.exportSnapshot('drained');
    await engine.shutdown();
    const { told, late } = await begun(new MemoryStores(stores), 'pumps', 'drained');
    assert.deepEqual({ told, late }, { told: ['100: 2'], late: [20] });
  });

  it('one of an earlier version, which has none, still opens: event time begins with its items', async () => {
    const stores = new MemoryStores();
    await exported(stores);
    const shelf = SnapshotShelf.of(stores);
    const { about, records } = await shelf.read('s');
    let left = 0;
    async function* without(): AsyncGenerator<StoreRecord, void> {
      for await (const batch of records) {
        for (const [key, value] of batch) {
          if (key === 'time') left += 1;
          else if (value !== undefined) yield { key, value };
        }
      }
    }
    await shelf.put({ ...about, name: 'earlier' }, without());
    assert.equal(left, 1);
    const { told, late } = await begun(new MemoryStores(stores), 'pumps', 'earlier');
    assert.deepEqual({ told, late }, { told: ['0: 1', '100: 2'], late: [] });
  });
});
