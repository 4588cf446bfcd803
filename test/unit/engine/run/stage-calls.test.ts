import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import type { DeadLetter } from '../../../../src/connector/index.js';
import {
  Engine,
  type Job,
  type JobOptions,
  type MapAsyncOptions,
  MillraceError,
  PermanentError,
  Pipeline,
  RetryStrategies,
  Sinks,
  TestSources,
  TransientError,
} from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

const AT_ONCE = RetryStrategies.custom().maxAttempts(3).intervalMs(0).build();

interface Called {
  readonly out: number[];
  readonly letters: DeadLetter[];
  readonly job: Job;
}

const start = (
  items: readonly number[],
  fn: (item: number, signal: AbortSignal) => PromiseLike<number>,
  options: Partial<MapAsyncOptions<number>>,
  jobOptions: JobOptions = {},
): Called => {
  const out: number[] = [];
  const letters: DeadLetter[] = [];
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(...items))
    .mapAsync(fn, { onError: { deadLetter: Sinks.list(letters) }, ...options })
    .setName('call')
    .writeTo(Sinks.list(out));
  const stores = new MemoryStores();
  return { out, letters, job: Engine.embedded({ stores }).newJob(pipeline, jobOptions) };
};

/** Never settles, whatever its signal says. */
const stuck = (): Promise<never> => new Promise(() => {});

const MODES: readonly (readonly [string, JobOptions])[] = [
  ['without a store', {}],
  ['with a store', { name: 'j', processingGuarantee: 'exactly-once' }],
];

for (const [mode, jobOptions] of MODES) {
  describe(`calls of mapAsync, ${mode}`, SUITE_LIMIT, () => {
    it('makes a failed call again, and keeps the order of the items', async () => {
      const tries = new Map<number, number>();
      const { out, letters, job } = start(
        [1, 2, 3, 4],
        async (item) => {
          const tried = (tries.get(item) ?? 0) + 1;
          tries.set(item, tried);
          if (item % 2 === 1 && tried <= 3) throw new Error('not yet');
          return item;
        },
        { retryStrategy: AT_ONCE },
        jobOptions,
      );
      await job.join();
      assert.deepEqual([out, letters], [[1, 2, 3, 4], []]);
      assert.deepEqual([...tries.values()], [4, 1, 4, 1]);
      const figure = (name: string) =>
        job.metrics().samples.find((one) => one.name === name && one.labels.stage)?.value;
      assert.deepEqual([figure('millrace_retries_total'), figure('millrace_retrying')], [6, 0]);
    });

    it('gives up alone what fails to the end, with its last error and the number of tries', async () => {
      const { out, letters, job } = start(
        [1, 2, 3],
        async (item) => {
          if (item === 2) throw new Error('never');
          return item;
        },
        { retryStrategy: AT_ONCE },
        jobOptions,
      );
      await job.join();
      assert.deepEqual(out, [1, 3]);
      const [letter] = letters;
      assert.deepEqual([letters.length, letter?.origin, letter?.attempt, letter?.attributes.item], [1, 'call', 4, 2]);
      assert.match(letter?.error.message ?? '', /stage "call" failed at .*: given up after 3 retries: never$/);
      assert.equal(letter?.error.details.cause, 'RETRIES_EXHAUSTED');
    });

    it('makes no call again that is permanent: by its class, or by classifyErrorFn', async () => {
      const thrown = [new PermanentError('no'), new TypeError('no'), new TransientError('no'), new Error('ours')];
      let calls = 0;
      const { letters, job } = start(
        [0, 1, 2, 3],
        async (item) => {
          calls += 1;
          throw thrown[item];
        },
        {
          retryStrategy: AT_ONCE,
          classifyErrorFn: (error) => (error instanceof Error && error.message === 'ours' ? 'permanent' : undefined),
        },
        jobOptions,
      );
      await job.join();
      assert.equal(calls, 1 + 1 + 4 + 1);
      assert.deepEqual(letters.map(({ attempt }) => attempt), [1, 1, 4, 1]); // biome-ignore format: one line
    });

    it('ends a call that takes too long, tells its signal, and counts it as one that may pass', async () => {
      const aborted: unknown[] = [];
      let calls = 0;
      const { out, letters, job } = start(
        [1, 2],
        (item, signal) => {
          calls += 1;
          if (item === 1) return Promise.resolve(1);
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              aborted.push(signal.reason);
              reject(new Error('told to stop'));
            });
          });
        },
        { timeoutMs: 5, retryStrategy: RetryStrategies.custom().maxAttempts(1).intervalMs(0).build() },
        jobOptions,
      );
      await job.join();
      assert.deepEqual([out, calls, aborted.length], [[1], 3, 2]);
      assert.ok(aborted.every((reason) => reason instanceof MillraceError && reason.code === 'TIMEOUT'));
      assert.match(letters[0]?.error.message ?? '', /has not settled within 5 ms/);
    });

    it('ends at once when the job is cancelled, in a call that hears nothing and in the wait for the next', async () => {
      for (const options of [
        { timeoutMs: 600_000 },
        { retryStrategy: RetryStrategies.indefinitely(600_000) },
      ] satisfies readonly MapAsyncOptions<number>[]) {
        let called = 0;
        const fn = (): Promise<number> => {
          called += 1;
          return 'timeoutMs' in options ? stuck() : Promise.reject(new Error('away'));
        };
        const { job, letters } = start([1], fn, options, jobOptions);
        await until(() => called === 1);
        await job.cancel();
        await assert.rejects(job.join(), { code: 'ABORTED' });
        assert.equal(letters.length, 0);
      }
    });
  });
}

describe('what is said of calls', SUITE_LIMIT, () => {
  it('tells an outage at its first failure and its end', async () => {
    const told: string[] = [];
    const onRetrying = (message: unknown) => void told.push(`retrying ${Reflect.get(Object(message), 'part')}`);
    const onOver = (message: unknown) => void told.push(`over ${Reflect.get(Object(message), 'outcome')}`);
    subscribe('millrace:retrying', onRetrying);
    subscribe('millrace:retry-over', onOver);
    try {
      let calls = 0;
      const { job } = start(
        [1],
        async (item) => {
          calls += 1;
          if (calls < 4) throw new Error('away');
          return item;
        },
        { retryStrategy: AT_ONCE },
      );
      await job.join();
    } finally {
      unsubscribe('millrace:retrying', onRetrying);
      unsubscribe('millrace:retry-over', onOver);
    }
    assert.deepEqual(told, ['retrying stage "call"', 'retrying stage "call"', 'over passed']);
  });

  it('an outage that outlasts its job is over with it', async () => {
    using told = new Told('retrying', 'retry-over');
    const { job } = start(
      [1],
      async () => {
        throw new Error('away');
      },
      { retryStrategy: RetryStrategies.indefinitely(100_000) },
    );
    await until(() => told.names.length > 0);
    await job.cancel();
    await until(() => told.names.length > 1);
    assert.deepEqual(told.names, ['retrying', 'retry-over']);
  });

  it('a failed call fails the job where the stage does not say otherwise, after its tries', async () => {
    let calls = 0;
    const fails = async (): Promise<number> => {
      calls += 1;
      throw new Error('away');
    };
    const { job } = start([1], fails, { retryStrategy: AT_ONCE, onError: 'fail' });
    await assert.rejects(job.join(), { code: 'USER_FUNCTION_FAILED', message: /"call".*given up after 3 retries/ });
    assert.equal(calls, 4);
  });

  it('a rejection that comes after its time is nobody’s', async () => {
    let reject: (error: Error) => void = () => {};
    const { job, letters } = start([1], () => new Promise((_, onReject) => (reject = onReject)), { timeoutMs: 1 });
    await job.join();
    reject(new Error('late'));
    // an unhandled rejection would come now
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(letters.length, 1);
  });
});
