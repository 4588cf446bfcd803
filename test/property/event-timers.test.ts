import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sink } from '../../src/connector/index.js';
import { Engine, MillraceError, Pipeline, Sinks, TestSources } from '../../src/index.js';
import type { Stage, Timers } from '../../src/pipeline/index.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../support/store/held-stores.js';

/*
 * Items are counted by key and period of 100 ms, and the counts that came out by period of 300 ms, all by event time. What comes out must be that
 * of a plain recomputation over all items, whatever the polls, calls, failures of commits and failures of functions were.
 */

const RUNS = howMany({ sample: 100, full: 2000 });
const PERIOD_MS = 100;
const LONG_PERIOD_MS = 300;

interface Item {
  readonly key: string;
  readonly t: number;
}

interface Case {
  readonly items: readonly Item[];
  readonly lag: number;
  /** Whether items go through calls, whose results come in any order. */
  readonly calls: boolean;
  readonly maxItemsInFlight: number;
}

const aCase: fc.Arbitrary<Case> = fc.record({
  items: fc.array(
    fc.record(
      { key: fc.constantFrom('a', 'b', 'c'), t: fc.integer({ min: -400, max: 1500 }) },
      { noNullPrototype: true },
    ),
    { maxLength: 60 },
  ),
  lag: fc.constantFrom(0, 50, 400, 5000),
  calls: fc.boolean(),
  maxItemsInFlight: fc.constantFrom(1, 3, 1000),
});

const endOf = (t: number, period: number): number => Math.floor(t / period) * period + period;

interface Counts {
  readonly byEnd: Map<number, number>;
}

const counts = (): Counts => ({ byEnd: new Map() });

/** False where its period is over. */
const count = ({ byEnd }: Counts, t: number, { period, timers }: { period: number; timers: Timers }): boolean => {
  const end = endOf(t, period);
  if (end <= timers.now) return false;
  byEnd.set(end, (byEnd.get(end) ?? 0) + 1);
  timers.set(`${end}`, end);
  return true;
};

const takeCount = ({ byEnd }: Counts, end: number): number => {
  const counted = byEnd.get(end) ?? 0;
  byEnd.delete(end);
  return counted;
};

interface Ends {
  readonly sink: Sink<string>;
  /** Called in each function of a stage. */
  readonly flaky: () => void;
}

const pipelineOf = ({ items, lag, calls }: Case, { sink, flaky }: Ends): Pipeline => {
  const pipeline = Pipeline.create();
  let timed: Stage<Item, true> = pipeline.readFrom(TestSources.items(...items)).withTimestamps(({ t }) => t, lag);
  // each ends after others that were begun later
  let call = 0;
  const slow = async (item: Item): Promise<Item> => {
    call += 1;
    for (let turns = (call * 7) % 5; turns > 0; turns -= 1) await new Promise(setImmediate);
    return item;
  };
  if (calls) timed = timed.mapAsync(slow, { maxConcurrency: 4 }).setName('ask');
  const counted = timed
    .groupingKey(({ key }) => key)
    .flatMapStateful(
      counts,
      (state, key, { t }, timers): readonly string[] => {
        flaky();
        return count(state, t, { period: PERIOD_MS, timers }) ? [] : [`late ${key} ${t}`];
      },
      {
        clock: 'event',
        onTimer: (state, key, { at }) => {
          flaky();
          return [`${key} ${at} ${takeCount(state, at)}`];
        },
      },
    )
    .setName('count');
  const long = counted
    .filter((text) => !text.startsWith('late'))
    .groupingKey(() => 'all')
    .flatMapStateful(
      counts,
      (state, _, text, timers): readonly string[] => {
        const t = Number(text.split(' ')[1]);
        return count(state, t, { period: LONG_PERIOD_MS, timers }) ? [] : [`late count ${text}`];
      },
      { clock: 'event', onTimer: (state, _, { at }) => [`all ${at} ${takeCount(state, at)}`] },
    )
    .setName('count of counts');
  counted.merge(long).writeTo(sink);
  return pipeline;
};

/** The same without an engine, and without time going by. */
const recomputed = ({ items, lag }: Case): readonly string[] => {
  const lates: string[] = [];
  const short = new Map<string, number>();
  let watermark = Number.NEGATIVE_INFINITY;
  for (const { key, t } of items) {
    watermark = Math.max(watermark, t - lag);
    const end = endOf(t, PERIOD_MS);
    if (end <= watermark) lates.push(`late ${key} ${t}`);
    else short.set(`${key} ${end}`, (short.get(`${key} ${end}`) ?? 0) + 1);
  }
  const long = new Map<string, number>();
  for (const name of short.keys()) {
    const end = endOf(Number(name.split(' ')[1]), LONG_PERIOD_MS);
    long.set(`all ${end}`, (long.get(`all ${end}`) ?? 0) + 1);
  }
  return [...lates, ...[...short, ...long].map(([name, counted]) => `${name} ${counted}`)].sort();
};

/** The counts of a key come in the order of their time. */
const checkOrder = (outputs: readonly string[]): void => {
  for (const key of ['a', 'b', 'c', 'all']) {
    const ends = outputs.filter((text) => text.startsWith(`${key} `)).map((text) => Number(text.split(' ')[1]));
    assert.deepEqual(
      ends,
      [...ends].sort((one, other) => one - other),
    );
  }
};

test('counts by event time are those of a recomputation, in memory', LIMIT, async () => {
  await fc.assert(
    fc.asyncProperty(aCase, async (one) => {
      const list: string[] = [];
      const pipeline = pipelineOf(one, { sink: Sinks.list(list), flaky: () => {} });
      const { maxItemsInFlight } = one;
      await Engine.embedded().newJob(pipeline, { processingGuarantee: 'none', maxItemsInFlight }).join();
      checkOrder(list);
      assert.deepEqual(list.sort(), recomputed(one));
    }),
    { numRuns: RUNS },
  );
});

interface Harm {
  /** Commits that fail. */
  readonly commits: readonly number[];
  /** Calls of functions that fail the job. */
  readonly functions: readonly number[];
}

/** What arrived, without what a restart has sent again. */
const arrivedAt = ({ arrived }: Destination): string[] => {
  const bySeq = new Map(arrived.map(({ seq, item }) => [seq, item]));
  return [...bySeq].sort(([a], [b]) => a - b).map(([, item]) => item);
};

const runHarmed = async (one: Case, { commits, functions }: Harm): Promise<string[]> => {
  const destination = new Destination();
  const stores = new HeldStores();
  let called = 0;
  stores.onCommit = () => {
    const fails = commits.includes(stores.batches.length);
    stores.failing = fails ? new MillraceError('STORAGE_FAILED', 'the disk is gone for a moment') : undefined;
  };
  const pipeline = pipelineOf(one, {
    sink: durableSink(destination),
    flaky: () => {
      called += 1;
      if (functions.includes(called)) throw new Error('now and then');
    },
  });
  const engine = Engine.embedded({ stores });
  const restart = { maxAttempts: 50, minBackoffMs: 1, maxBackoffMs: 1, userFunctions: true };
  const { maxItemsInFlight } = one;
  const options = { name: 'harmed', processingGuarantee: 'exactly-once', restart, maxItemsInFlight } as const;
  await engine.newJob(pipeline, options).join();
  await engine.shutdown();
  return arrivedAt(destination);
};

test(
  'and in a job with a store, each once, through commits and functions that fail at any instant',
  LIMIT,
  async () => {
    const some = (max: number) => fc.uniqueArray(fc.integer({ min: 1, max }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(aCase, fc.record({ commits: some(20), functions: some(60) }), async (one, harm) => {
        const outputs = await runHarmed(one, harm);
        checkOrder(outputs);
        assert.deepEqual(outputs.sort(), recomputed(one));
      }),
      { numRuns: RUNS },
    );
  },
);
