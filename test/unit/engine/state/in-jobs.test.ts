import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine, type Job, type JobOptions, Pipeline, Sinks, TestSources } from '../../../../src/index.js';
import { AggregateOperations, StateCodecs } from '../../../../src/pipeline/index.js';
import { MemoryStores, type StoreProvider } from '../../../../src/store/index.js';
import { LIMIT } from '../../../support/limits.js';

/** Runs of one job over one store, one after the other. */
class Runs {
  #stores = new MemoryStores();
  #engine: Engine | undefined;

  async start(pipeline: Pipeline): Promise<Job> {
    await this.#engine?.shutdown();
    this.#stores = new MemoryStores(this.#stores);
    this.#engine = Engine.embedded({ stores: this.#stores });
    return this.#engine.newJob(pipeline, { name: 'j', processingGuarantee: 'exactly-once' });
  }

  async run(pipeline: Pipeline): Promise<void> {
    await (await this.start(pipeline)).join();
  }

  async end(): Promise<void> {
    await this.#engine?.shutdown();
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const parity = (n: number): string => (n % 2 === 0 ? 'even' : 'odd');

const sums = (count: number, out: unknown[], check: (n: number) => void = () => {}): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(...numbers(count)))
    .groupingKey(parity)
    .rollingAggregate(AggregateOperations.summing((n) => n))
    .setName('sums')
    .peek(({ value }) => check(value))
    .map(({ key, value }) => `${key} ${value}`)
    .writeTo(Sinks.list(out));
  return pipeline;
};

test('state goes on where the last run of a job ended', LIMIT, async () => {
  const runs = new Runs();
  const out: unknown[] = [];
  try {
    await runs.run(sums(4, out));
    await runs.run(sums(7, out));
    assert.deepEqual(out, ['even 0', 'odd 1', 'even 2', 'odd 4', 'even 6', 'odd 9', 'even 12']);
  } finally {
    await runs.end();
  }
});

test(
  'what a stage did since the last commit is gone when a function throws behind it, and is done once after all',
  LIMIT,
  async () => {
    const runs = new Runs();
    const out: unknown[] = [];
    try {
      await runs.run(sums(3, out));
      const fail = (value: number): void => {
        if (value === 9) throw new Error('nine');
      };
      await assert.rejects(runs.run(sums(8, out, fail)), { code: 'USER_FUNCTION_FAILED' });
      await runs.run(sums(8, out));
      assert.deepEqual(out.at(-1), 'odd 16');
      assert.deepEqual(out, ['even 0', 'odd 1', 'even 2', 'odd 4', 'even 6', 'odd 9', 'even 12', 'odd 16']);
    } finally {
      await runs.end();
    }
  },
);

/** More than two commits can have of them, with all that may be in flight. */
const MANY_KEYS = 40_000;

/** Reads of states, of a job whose keys come twice, with all others in between. */
const stateReads = async (options: JobOptions): Promise<number> => {
  const stores = new MemoryStores();
  let reads = 0;
  const counted: StoreProvider = {
    location: stores.location,
    open: async (job, partition) => {
      const store = await stores.open(job, partition);
      const get = store.get.bind(store);
      store.get = (key) => {
        if (key.startsWith('state/sums/')) reads += 1;
        return get(key);
      };
      return store;
    },
    close: () => stores.close(),
  };
  const engine = Engine.embedded({ stores: counted });
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(...numbers(MANY_KEYS / 4)))
    .flatMap((n) => numbers(8).map((one) => (8 * n + one) % MANY_KEYS))
    .groupingKey((n) => n)
    .rollingAggregate(AggregateOperations.counting())
    .setName('sums')
    .writeTo(Sinks.noop());
  try {
    await engine.newJob(pipeline, { ...options, name: 'j', processingGuarantee: 'exactly-once' }).join();
  } finally {
    await engine.shutdown();
  }
  return reads;
};

test('maxCachedStates and maxCachedStateBytes bound what is not read again', LIMIT, async () => {
  // a key that comes for the first time is not looked up where the stage begins with none
  assert.equal(await stateReads({}), 0);
  for (const options of [{ maxCachedStates: 2 }, { maxCachedStateBytes: 500 }]) {
    assert.equal(await stateReads(options), MANY_KEYS);
  }
});

test(
  'a job with state is refused without a store, and when the codec of a stage cannot read what is stored',
  LIMIT,
  async () => {
    assert.throws(() => Engine.embedded().newJob(sums(1, []), { processingGuarantee: 'at-least-once' }), {
      code: 'GUARANTEE_UNSUPPORTED',
      message: /state of stage "sums"/,
    });
    const runs = new Runs();
    try {
      await runs.run(sums(3, []));
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(TestSources.items(...numbers(4)))
        .groupingKey(parity)
        .rollingAggregate(
          AggregateOperations.summing((n) => n),
          { codec: StateCodecs.structuredClone({ version: 1 }) },
        )
        .setName('sums')
        .writeTo(Sinks.noop());
      await assert.rejects(runs.run(pipeline), { code: 'JOB_CHANGED' });
    } finally {
      await runs.end();
    }
  },
);

test(
  'calls that had not ended are made again in the next run, and their results go on once and in order',
  LIMIT,
  async () => {
    const runs = new Runs();
    const out: unknown[] = [];
    const calls: number[] = [];
    const build = (answer: (n: number) => Promise<number>): Pipeline => {
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(TestSources.items(...numbers(6)))
        .mapAsync(
          (n) => {
            calls.push(n);
            return answer(n);
          },
          { maxConcurrency: 3 },
        )
        .setName('ask')
        .groupingKey(() => 'all')
        .rollingAggregate(AggregateOperations.counting())
        .setName('count')
        .map(({ value }) => value)
        .writeTo(Sinks.list(out));
      return pipeline;
    };
    try {
      const job = await runs.start(build((n) => (n < 2 ? Promise.resolve(n) : new Promise(() => {}))));
      while (out.length < 2) await new Promise((resolve) => setImmediate(resolve));
      await job.cancel();
      assert.deepEqual(calls, [0, 1, 2, 3, 4]);
      await runs.run(build(async (n) => n));
      assert.deepEqual(calls, [0, 1, 2, 3, 4, 2, 3, 4, 5]);
      // a sink of this process is given its rows at least once: what it had taken when the run was cancelled may come again
      assert.deepEqual([...new Set(out)], [1, 2, 3, 4, 5, 6]);
    } finally {
      await runs.end();
    }
  },
);
