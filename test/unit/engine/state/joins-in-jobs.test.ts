import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AggregateOperations,
  type DeadLetter,
  Engine,
  type KeyedWindowResult,
  Pipeline,
  type ProcessingGuarantee,
  Sinks,
  type Stage,
  TestSources,
  WindowDefinition,
} from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { LIMIT } from '../../../support/limits.js';

interface Sent {
  readonly key: string;
  readonly at: number;
}

interface Seen {
  readonly id: string;
  readonly at: number;
  readonly n: number;
}

const { counting, toList, max } = AggregateOperations;

const sent = (pipeline: Pipeline, ...items: readonly Sent[]): Stage<Sent, true> =>
  pipeline.readFrom(TestSources.items(...items)).withTimestamps(({ at }) => at, 1_000);
const seen = (pipeline: Pipeline, ...items: readonly Seen[]): Stage<Seen, true> =>
  pipeline.readFrom(TestSources.items(...items)).withTimestamps(({ at }) => at, 1_000);

const run = async (build: (pipeline: Pipeline) => void, processingGuarantee: ProcessingGuarantee) => {
  const pipeline = Pipeline.create();
  build(pipeline);
  const engine = Engine.embedded({ stores: new MemoryStores() });
  try {
    const job = engine.newJob(pipeline, { name: 'joins', processingGuarantee });
    await job.join();
    return job;
  } finally {
    await engine.shutdown();
  }
};

for (const guarantee of ['none', 'exactly-once'] as const) {
  describe(`joins of two streams, with the guarantee ${guarantee}`, LIMIT, () => {
    it('a window has the items of both, and the value of none where one has none', async () => {
      const out: unknown[] = [];
      await run((pipeline) => {
        const one = sent(pipeline, { key: 'a', at: 1 }, { key: 'a', at: 2 }, { key: 'b', at: 25 });
        const other = seen(pipeline, { id: 'a', at: 3, n: 7 }, { id: 'c', at: 11, n: 8 }, { id: 'a', at: 12, n: 9 });
        one
          .groupingKey(({ key }) => key)
          .window(WindowDefinition.tumbling(10))
          .aggregate2(
            counting(),
            other.groupingKey(({ id }) => id),
            toList(),
          )
          .map(({ key, end, value: [count, list] }) => `${key} ${end} ${count} ${list.map(({ n }) => n)}`)
          .writeTo(Sinks.list(out));
      }, guarantee);
      assert.deepEqual(out, ['a 10 2 7', 'a 20 0 9', 'c 20 0 8', 'b 30 1 ']);
    });

    it('windows of all items of both have no key', async () => {
      const out: unknown[] = [];
      await run((pipeline) => {
        const one = sent(pipeline, { key: 'a', at: 1 }, { key: 'b', at: 2 });
        const other = seen(pipeline, { id: 'a', at: 30, n: 7 }, { id: 'c', at: 4, n: 8 });
        one
          .window(WindowDefinition.session(10))
          .aggregate2(
            counting(),
            other,
            max(({ n }) => n),
          )
          .writeTo(Sinks.list(out));
      }, guarantee);
      assert.deepEqual(out, [
        { start: 1, end: 14, value: [2, 8], isEarly: false },
        { start: 30, end: 40, value: [0, 7], isEarly: false },
      ]);
    });

    it('a stage may be joined with itself, and what is merged with something else', async () => {
      const out: KeyedWindowResult<string, readonly [number, number]>[] = [];
      await run((pipeline) => {
        const one = sent(pipeline, { key: 'a', at: 1 }).groupingKey(({ key }) => key);
        const other = seen(pipeline, { id: 'a', at: 2, n: 7 }, { id: 'a', at: 5, n: 7 }).groupingKey(({ id }) => id);
        const windows = WindowDefinition.tumbling(10);
        one.window(windows).aggregate2(counting(), one, counting()).writeTo(Sinks.list(out)).setName('itself');
        one
          .merge(other)
          .window(windows)
          .aggregate2(counting(), other, counting())
          .writeTo(Sinks.list(out))
          .setName('merged');
      }, guarantee);
      assert.deepEqual(
        out.map(({ value }) => value),
        [
          [1, 1],
          [3, 2],
        ],
      );
    });

    it('late items of both go to the sink for them, as they came', async () => {
      const late: (Sent | Seen)[] = [];
      const job = await run((pipeline) => {
        const items = pipeline.readFrom(
          TestSources.items<Sent | Seen>({ key: 'a', at: 100 }, { key: 'a', at: 1 }, { id: 'a', at: 2, n: 3 }),
        );
        const timed = items.withTimestamps(({ at }) => at, 0);
        const isSent = (item: Sent | Seen): item is Sent => 'key' in item;
        const isSeen = (item: Sent | Seen): item is Seen => 'id' in item;
        timed
          .filter(isSent)
          .window(WindowDefinition.tumbling(10))
          .aggregate2(counting(), timed.filter(isSeen), counting(), { lateItems: Sinks.list(late) })
          .writeTo(Sinks.noop());
      }, guarantee);
      assert.deepEqual(late, [
        { key: 'a', at: 1 },
        { id: 'a', at: 2, n: 3 },
      ]);
      assert.equal(job.metrics().itemsLate, 2);
    });

    it('an item that one of the aggregates fails at is given up as it came, and nothing of it counts', async () => {
      const out: unknown[] = [];
      const letters: DeadLetter[] = [];
      const deadLetter = Sinks.list(letters);
      await run((pipeline) => {
        const timed = seen(
          pipeline,
          { id: 'a', at: 1, n: 3 },
          { id: 'a', at: 2, n: Number.NaN },
          { id: 'a', at: 3, n: 4 },
        );
        const summing = AggregateOperations.summing(({ n }: Seen) => n);
        timed
          .groupingKey(({ id }) => id)
          .window(WindowDefinition.tumbling(10))
          .aggregate2(
            counting(),
            timed.groupingKey(({ id }) => id),
            summing,
            { onError: { deadLetter } },
          )
          .writeTo(Sinks.list(out));
      }, guarantee);
      assert.deepEqual(out, [{ key: 'a', start: 0, end: 10, value: [2, 7], isEarly: false }]);
      assert.deepEqual(
        letters.map(({ origin, attributes }) => ({ origin, ...attributes })),
        [{ origin: 'window', key: 'a', item: { id: 'a', at: 2, n: Number.NaN } }],
      );
    });

    it('two streams that are merged by their keys have one state, and one way back for an item that both lead to it', async () => {
      const out: string[] = [];
      await run((pipeline) => {
        const items = pipeline.readFrom(
          TestSources.items<Seen>(
            { id: 'a', at: 1, n: 1 },
            { id: 'a', at: 2, n: -1 },
            { id: 'b', at: 3, n: 5 },
            { id: 'a', at: 4, n: 2 },
          ),
        );
        const one = items.map(({ id, n }) => ({ id, n })).groupingKey(({ id }) => id);
        const other = items.map(({ id, n }) => ({ key: id, n: 10 * n })).groupingKey(({ key }) => key);
        one
          .merge(other)
          .mapStateful(
            () => ({ sum: 0 }),
            (state, key, item) => {
              state.sum += item.n;
              if ('key' in item && item.n < 0) throw new Error('below zero');
              return `${key} ${state.sum}`;
            },
            { onError: 'skip' },
          )
          .setName('sums')
          .writeTo(Sinks.list(out));
      }, guarantee);
      assert.deepEqual(out, ['a 1', 'a 11', 'b 5', 'b 55', 'a 13', 'a 33']);
    });
  });
}

describe('what joins refuse', () => {
  const problem = { code: 'INVALID_OPTIONS' };
  const windows = WindowDefinition.tumbling(10);

  it('stages of another pipeline, of the other kind, and what is no stage', () => {
    const pipeline = Pipeline.create();
    const stage = seen(pipeline);
    const keyed = stage.groupingKey(({ id }) => id);
    const strange = seen(Pipeline.create()).setName('strange');
    const foreign = strange.groupingKey(({ id }) => id).setName('strange keys');
    assert.throws(() => keyed.merge(foreign), { ...problem, message: /merge: strange keys is a stage of another/ });
    assert.throws(() => keyed.merge(stage as never), { ...problem, message: /merge: it is no stage with keys/ });
    assert.throws(() => stage.merge(keyed as never), { ...problem, message: /merge: it is no stage$/ });
    const ofAll = stage.window(windows);
    const ofKeys = keyed.window(windows);
    assert.throws(() => ofAll.aggregate2(counting(), strange, counting()), {
      ...problem,
      message: /aggregate2: strange is a stage of another/,
    });
    assert.throws(() => ofKeys.aggregate2(counting(), {} as never, counting()), {
      ...problem,
      message: /aggregate2: it is no stage with keys/,
    });
  });

  it('a second aggregate that is none, or does not combine where parts are put together', () => {
    const stage = seen(Pipeline.create());
    assert.throws(() => stage.window(windows).aggregate2(counting(), stage, {} as never), {
      ...problem,
      message: /aggregate2: .*accumulate/,
    });
    const { combine: _, ...plain } = counting();
    assert.throws(() => stage.window(WindowDefinition.sliding(20, 10)).aggregate2(counting(), stage, plain), {
      ...problem,
      message: /needs? an aggregate that combines/,
    });
  });

  it('a stage whose items have no time', () => {
    const pipeline = Pipeline.create();
    const stage = seen(pipeline);
    const timeless = pipeline.readFrom(TestSources.items(1)).setName('timeless');
    // @ts-expect-error: they have no time
    stage.window(windows).aggregate2(counting(), timeless, counting()).setName('both').writeTo(Sinks.noop());
    assert.throws(() => pipeline.toGraph(), { ...problem, message: /both/ });
  });
});
