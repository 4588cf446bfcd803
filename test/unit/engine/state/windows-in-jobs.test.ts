import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDue } from '../../../../src/engine/layout/keys/due-key.js';
import { entryKey } from '../../../../src/engine/layout/keys/entry-key.js';
import { endOf } from '../../../../src/engine/layout/stored-parts.js';
import { decodeStage, encodeStage } from '../../../../src/engine/layout/values/stage-record.js';
import { decodeStored, encodeStored } from '../../../../src/engine/layout/values/stored-value.js';
import { checkVersions, encodeVersioned } from '../../../../src/engine/layout/values/versioned-record.js';
import {
  AggregateOperations,
  Engine,
  type Job,
  type MillraceError,
  Pipeline,
  Sinks,
  type Stage,
  TestSources,
  WindowDefinition,
  type WindowResult,
} from '../../../../src/index.js';
import { MemoryStores, type Store } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

interface Item {
  readonly key: string;
  readonly at: number;
}

const GUARANTEES = ['none', 'exactly-once'] as const;
const { counting, toList } = AggregateOperations;

const every = (ms: number, until: number, key = 'a'): Item[] =>
  Array.from({ length: Math.ceil(until / ms) }, (_, index) => ({ key, at: index * ms }));

/** The items, with the time that they have. */
const timed = (pipeline: Pipeline, items: readonly Item[], lag = 0): Stage<Item, true> =>
  pipeline.readFrom(TestSources.items(...items)).withTimestamps(({ at }) => at, lag);

const run = async (
  build: (pipeline: Pipeline) => void,
  guarantee: (typeof GUARANTEES)[number],
  stores = new MemoryStores(),
): Promise<Job> => {
  const pipeline = Pipeline.create();
  build(pipeline);
  const engine = Engine.embedded({ stores });
  try {
    const job = engine.newJob(pipeline, { name: 'windows', processingGuarantee: guarantee });
    await job.join();
    return job;
  } finally {
    await engine.shutdown();
  }
};

const endsOf = (results: readonly unknown[]): readonly number[] =>
  results.map((result) => (result as WindowResult<unknown>).end);

for (const guarantee of GUARANTEES) {
  describe(`windows of a job with the guarantee ${guarantee}`, LIMIT, () => {
    it('a window that the aggregate fails at is given up, and the ones behind it are told', async () => {
      const out: unknown[] = [];
      const failing = AggregateOperations.withCreate((): number[] => [])
        .andAccumulate((all, { at }: Item) => [...all, at])
        .andCombine((all, later) => [...all, ...later])
        .andDeduct((all, part) => all.slice(part.length))
        .andExport((all) => {
          if (all.includes(35)) throw new Error('no result');
          return all.length;
        });
      for (const windows of [WindowDefinition.tumbling(10), WindowDefinition.sliding(20, 10)]) {
        out.length = 0;
        const job = await run((pipeline) => {
          timed(
            pipeline,
            [...every(5, 80), ...every(5, 80, 'b').filter(({ at }) => at !== 35)].sort((a, b) => a.at - b.at),
          )
            .groupingKey(({ key }) => key)
            .window(windows)
            .aggregate(failing, { onError: 'skip' })
            .writeTo(Sinks.list(out));
        }, guarantee);
        const gone = windows.shape.kind === 'sliding' && windows.shape.size === 10 ? [40] : [40, 50];
        const all = [...new Set(endsOf(out))];
        const ofA = endsOf(out.filter((result) => (result as { key: string }).key === 'a'));
        assert.deepEqual(
          ofA,
          all.filter((end) => !gone.includes(end)),
        );
        assert.equal(job.metrics().itemsSkipped, gone.length);
      }
    });

    it('a window whose result a stage behind it fails at is given up, and the ones behind it are told', async () => {
      const out: unknown[] = [];
      await run((pipeline) => {
        timed(pipeline, every(5, 60))
          .window(WindowDefinition.tumbling(10))
          .aggregate(counting())
          .map(
            (result) => {
              if (result.end === 30) throw new Error('thirty');
              return result;
            },
            { onError: 'skip' },
          )
          .writeTo(Sinks.list(out));
      }, guarantee);
      assert.deepEqual(endsOf(out), [10, 20, 40, 50, 60]);
    });

    it('windows of all items have no key', async () => {
      const out: unknown[] = [];
      await run((pipeline) => {
        timed(
          pipeline,
          [...every(5, 20), ...every(5, 20, 'b')].sort((a, b) => a.at - b.at),
        )
          .window(WindowDefinition.session(6))
          .aggregate(counting())
          .writeTo(Sinks.list(out));
      }, guarantee);
      assert.deepEqual(out, [{ start: 0, end: 21, value: 8, isEarly: false }]);
    });

    it('windows behind windows have all their results, though a year goes by in one item', async () => {
      const out: unknown[] = [];
      const year = 365 * 24 * 3_600_000;
      await run((pipeline) => {
        timed(
          pipeline,
          [...every(5, 100), ...every(5, 100, 'b'), { key: 'a', at: year }].sort((a, b) => a.at - b.at),
        )
          .groupingKey(({ key }) => key)
          .window(WindowDefinition.tumbling(10))
          .aggregate(counting())
          .setName('tens')
          .window(WindowDefinition.tumbling(50))
          .aggregate(toList())
          .setName('fifties')
          .map(({ end, value }) => ({ end, value: value.map((one) => `${one.key} ${one.end} ${one.value}`) }))
          .writeTo(Sinks.list(out));
      }, guarantee);
      const tens = (from: number): string[] =>
        [10, 20, 30, 40, 50].flatMap((end) => [`a ${from + end} 2`, `b ${from + end} 2`]);
      assert.deepEqual(out, [
        { end: 50, value: tens(0) },
        { end: 100, value: tens(50) },
        { end: Math.floor(year / 50) * 50 + 50, value: [`a ${Math.floor(year / 10) * 10 + 10} 1`] },
      ]);
    });

    it('late items are counted, and go to the sink for them', async () => {
      const late: Item[] = [];
      const job = await run((pipeline) => {
        timed(pipeline, [...every(5, 100), { key: 'a', at: 71 }, { key: 'a', at: 92 }, { key: 'a', at: 3 }])
          .window(WindowDefinition.tumbling(10))
          .aggregate(counting(), { lateItems: Sinks.list(late) })
          .writeTo(Sinks.noop());
      }, guarantee);
      assert.deepEqual(
        late.map(({ at }) => at),
        [71, 3],
      );
      assert.equal(job.metrics().itemsLate, 2);
    });

    it('early results come while event time stands still, and the result of the window after them', async () => {
      const source = new ManualSource<number>({ defaultGuarantee: guarantee });
      const out: string[] = [];
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(source.source)
        .withTimestamps((at) => at, 0)
        .window(WindowDefinition.sliding(30, 10).setEarlyResultsPeriod(10))
        .aggregate(counting())
        .map(({ end, value, isEarly }) => `${end} ${value} ${isEarly}`)
        .writeTo(Sinks.list(out));
      const engine = Engine.embedded({ stores: new MemoryStores() });
      const job = engine.newJob(pipeline, { name: 'early', processingGuarantee: guarantee });
      source.push(5);
      await until(() => out.length === 3);
      assert.deepEqual(out, ['10 1 true', '20 1 true', '30 1 true']);
      source.push(8);
      await until(() => out.length === 6);
      source.end();
      await job.join();
      const final = ['10 2 false', '20 2 false', '30 2 false'];
      assert.deepEqual(out.slice(3), ['10 2 true', '20 2 true', '30 2 true', ...final]);
      await engine.shutdown();
    });

    it('a job does not wait for early results of windows that have ended', async () => {
      const out: unknown[] = [];
      const hour = 3_600_000;
      await run((pipeline) => {
        timed(pipeline, every(5, 60))
          .window(WindowDefinition.tumbling(30).setEarlyResultsPeriod(1000 * hour))
          .aggregate(counting())
          .map(({ end, value, isEarly }) => `${end} ${value} ${isEarly}`)
          .writeTo(Sinks.list(out));
      }, guarantee);
      assert.deepEqual(out, ['30 6 false', '60 6 false']);
    });
  });
}

/** Runs of one job that counts in windows, over one store. */
class Runs {
  readonly manual = new ManualSource<number>();
  readonly out: unknown[] = [];
  stores = new MemoryStores();

  async runUntil(windows: WindowDefinition, done: () => boolean): Promise<void> {
    this.stores = new MemoryStores(this.stores);
    const pipeline = Pipeline.create();
    const timestamps = pipeline.readFrom(this.manual.source).withTimestamps((at) => at, 0);
    timestamps.window(windows).aggregate(counting()).setName('windows').writeTo(Sinks.list(this.out));
    const engine = Engine.embedded({ stores: this.stores });
    try {
      const job = engine.newJob(pipeline, { name: 'windows', processingGuarantee: 'exactly-once' });
      let ended = false;
      const over = job.join().finally(() => {
        ended = true;
      });
      over.catch(() => {});
      await until(() => ended || done());
      if (ended) await over;
      await job.drain();
    } finally {
      await engine.shutdown();
    }
  }

  /** Between two runs. */
  async withStore(use: (store: Store) => void | Promise<void>): Promise<void> {
    const stores = new MemoryStores(this.stores);
    const store = await stores.open('windows', 0);
    await use(store);
    await store.close();
  }
}

const TIMERS = 'timer/windows/';
const timerRecords = (store: Store): string[] => [...store.range(TIMERS, endOf(TIMERS))].map(({ key }) => key);

/** As versions did it that knew nothing else: a record for each key that has a timer. */
const storeTimers = (store: Store): Promise<void> => {
  const owner = 'the timers of stage "windows"';
  const encoding = { owner, codec: { version: 0, encode: encodeStored, decode: decodeStored } };
  const [due] = [...store.range('due/windows/', endOf('due/windows/'))].map((record) =>
    readDue('due/windows/', record),
  );
  assert.ok(due !== undefined);
  const { at, key } = due;
  const timers = encodeVersioned(encoding, { wake: at, timers: [{ name: 'end', at }] });
  return store.commit(
    new Map([
      ['timer/windows', encodeStage({ versions: [0], bundled: false })],
      [entryKey(TIMERS, key, store.maxKeyBytes).storeKey, timers],
    ]),
  );
};

describe('windows in a store', LIMIT, () => {
  it('an open window goes on in the next run, and other windows under its name are refused', async () => {
    const runs = new Runs();
    const { manual, out } = runs;
    manual.push(0, 5, 10, 95);
    await runs.runUntil(WindowDefinition.tumbling(100), () => manual.acknowledged === 4);
    manual.push(20);
    await assert.rejects(
      runs.runUntil(WindowDefinition.tumbling(50), () => manual.acknowledged === 5),
      (error: MillraceError) =>
        error.code === 'JOB_CHANGED' &&
        /windows of 100 ms without keys, aggregated by counting, and has/.test(error.message),
    );
    manual.push(100);
    await runs.runUntil(WindowDefinition.tumbling(100), () => manual.acknowledged === 6 && out.length > 0);
    assert.deepEqual(out, [{ start: 0, end: 100, value: 5, isEarly: false }]);
  });

  it('TM11: one whose timer an earlier version has stored goes on without it, and that version refuses what was made of it', async () => {
    const runs = new Runs();
    const { manual, out } = runs;
    manual.push(0, 5, 10, 95);
    await runs.runUntil(WindowDefinition.tumbling(100), () => manual.acknowledged === 4);
    await runs.withStore(async (store) => {
      assert.deepEqual(timerRecords(store), []);
      await storeTimers(store);
      assert.equal(timerRecords(store).length, 1);
    });
    manual.push(20, 100);
    await runs.runUntil(WindowDefinition.tumbling(100), () => manual.acknowledged === 6 && out.length > 0);
    assert.deepEqual(out, [{ start: 0, end: 100, value: 5, isEarly: false }]);
    await runs.withStore((store) => {
      assert.deepEqual(timerRecords(store), []);
      const { versions } = decodeStage(store.get('timer/windows'));
      const former = { version: 0, encode: encodeStored, decode: decodeStored };
      assert.throws(() => checkVersions({ codec: former, owner: 'the timers' }, versions), { code: 'JOB_CHANGED' });
    });
  });
});

describe('windows of a key that are too large for commits', LIMIT, () => {
  it('take no further item, by the onError of their stage, and are told when they end; other keys and the watermark go on', async () => {
    const out: unknown[] = [];
    const manual = new ManualSource<Item & { readonly text: string }>();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(manual.source)
      .withTimestamps(({ at }) => at, 0)
      .groupingKey(({ key }) => key)
      .window(WindowDefinition.tumbling(100))
      .aggregate(AggregateOperations.toList(), { onError: 'skip' })
      .map(({ key, value }) => `${key} ${value.length}`)
      .writeTo(Sinks.list(out));
    const engine = Engine.embedded({ stores: new MemoryStores() });
    try {
      const job = engine.newJob(pipeline, { name: 'windows', processingGuarantee: 'exactly-once' });
      const take = async (key: string, at: number, text: string): Promise<void> => {
        manual.push({ key, at, text });
        await until(() => manual.acknowledged === manual.items.length || job.status === 'FAILED');
      };
      const megabyte = 'x'.repeat(1024 * 1024);
      for (let at = 0; at < 12; at += 1) await take('large', at, megabyte);
      await take('small', 50, 'x');
      assert.equal(job.metrics().itemsSkipped, 4);
      await take('small', 100, 'x');
      await until(() => out.length === 2);
      assert.deepEqual(out, ['large 8', 'small 1']);
      await take('large', 101, 'x');
      assert.equal(job.metrics().itemsSkipped, 4);
      await job.drain();
    } finally {
      await engine.shutdown();
    }
  });
});

describe('what windows refuse', () => {
  const problem = { code: 'INVALID_OPTIONS' };

  it('items without timestamps', () => {
    const pipeline = Pipeline.create();
    const stage = pipeline.readFrom(TestSources.items(1)).withoutTimestamps();
    // @ts-expect-error: the items have no time
    stage.window(WindowDefinition.tumbling(10)).aggregate(counting()).setName('minutes').writeTo(Sinks.noop());
    assert.throws(() => pipeline.toGraph(), { ...problem, message: /minutes/ });
  });

  it('an aggregate that does not combine, where parts of windows are put together', () => {
    const stage = timed(Pipeline.create(), []);
    const { combine: _, ...plain } = counting();
    for (const windows of [WindowDefinition.sliding(20, 10), WindowDefinition.session(10)])
      assert.throws(() => stage.window(windows).aggregate(plain), {
        ...problem,
        message: /needs? an aggregate that combines/,
      });
    stage.window(WindowDefinition.tumbling(10)).aggregate(plain);
  });

  it('what is no definition, no aggregate and no sink', () => {
    const stage = timed(Pipeline.create(), []);
    assert.throws(() => stage.window({} as WindowDefinition), { ...problem, message: /no definition of windows/ });
    const windows = stage.window(WindowDefinition.tumbling(10));
    assert.throws(() => windows.aggregate({} as ReturnType<typeof counting>), { ...problem, message: /accumulate/ });
    assert.throws(() => windows.aggregate(counting(), { lateItems: {} as never }), {
      ...problem,
      message: /lateItems/,
    });
  });
});
