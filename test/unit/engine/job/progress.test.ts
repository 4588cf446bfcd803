import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeadLetter, Source, SourceReader } from '../../../../src/connector/index.js';
import { defineSource } from '../../../../src/connector/index.js';
import { Engine, type JobOptions, MillraceError, Pipeline, type Stage } from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';

const COUNT = 2000;
const MOST_STARTS = 40;

const OPTIONS: JobOptions = { name: 'progress', processingGuarantee: 'exactly-once' };

/** Numbers that wait, and what of them is acknowledged; it outlives the runs. */
class Waiting {
  acknowledged = 0;
  /** Gives keys: a poll can then be committed only as a whole. */
  keyed = false;
  /** Every so many inputs one is rejected. */
  rejecting = Number.POSITIVE_INFINITY;

  get source(): Source<number> {
    return defineSource<number>({
      name: 'numbers',
      claims: [],
      defaultGuarantee: 'exactly-once',
      refuse: () => undefined,
      onError: this.rejecting < COUNT ? 'skip' : 'fail',
      ...(this.keyed && { deduplication: { ttlMs: 1e9, maxEntries: 1e6 } }),
      createReader: async () => this.#reader(),
    });
  }

  #reader(): SourceReader<number> {
    const start = this.acknowledged;
    let next = start;
    return {
      poll: (max) => {
        const first = next;
        const all = Array.from({ length: Math.min(max, COUNT - first) }, (_, index) => first + index);
        next += all.length;
        const items = all.filter((one) => !this.#isRejected(one));
        const rejected = all.filter((one) => this.#isRejected(one)).map((position) => ({ position, letter: LETTER }));
        const keys = items.map(String);
        const polled = { items, timestampMs: 0, first, last: next - 1, bytes: 8 * all.length, rejected };
        return { ...polled, ...(this.keyed && { keys }), done: next === COUNT };
      },
      ready: async () => {},
      snapshot: (upTo) => ({ mark: upTo, state: undefined }),
      committed: (mark) => {
        this.acknowledged = Math.max(this.acknowledged, mark + 1);
      },
      close: async () => {},
    };
  }

  #isRejected(one: number): boolean {
    return one % this.rejecting === this.rejecting - 1;
  }
}

const LETTER: DeadLetter = {
  payload: undefined,
  attributes: { topic: 'bad', properties: undefined },
  error: new MillraceError('USER_FUNCTION_FAILED', 'bad'),
  attempt: 1,
  origin: 'numbers',
  timestampMs: 0,
};

/** Throws in one of a hundred calls, whatever the input. */
class Flaky {
  calls = 0;
  failures = 0;
  /** One of so many. */
  readonly #every: number;

  constructor(every = 100) {
    this.#every = every;
  }

  readonly call = <T>(value: T): T => {
    this.calls += 1;
    if (this.calls % this.#every !== 0) return value;
    this.failures += 1;
    throw new Error('now and then');
  };
}

type Build = (numbers: Stage<number>, flaky: Flaky) => Stage<string>;

/** Starts it again and again until it comes to its end. */
const startsUntilDone = async (
  build: Build,
  waiting = new Waiting(),
): Promise<{ readonly starts: number; readonly items: string[]; readonly flaky: Flaky }> => {
  const stores = new MemoryStores();
  const destination = new Destination();
  const flaky = new Flaky();
  for (let starts = 1; starts <= MOST_STARTS; starts += 1) {
    const pipeline = Pipeline.create();
    build(pipeline.readFrom(waiting.source), flaky).writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores });
    try {
      await engine.newJob(pipeline, OPTIONS).join();
      return { starts, items: destination.items, flaky };
    } catch (error) {
      assert.ok(error instanceof MillraceError && error.code === 'USER_FUNCTION_FAILED', String(error));
    }
  }
  assert.fail(`${destination.items.length} of ${COUNT} after ${MOST_STARTS} starts`);
};

const numbered = Array.from({ length: COUNT }, (_, index) => String(index));

/** Each item with how many came before it, in one state that is changed in place before the function may throw. */
const counted =
  (keyOf: (item: number) => number): Build =>
  (numbers, flaky) =>
    numbers
      .groupingKey(keyOf)
      .mapStateful(
        () => ({ count: 0 }),
        (state, _, item) => {
          state.count += 1;
          flaky.call(item);
          return `${item}:${state.count}`;
        },
      )
      .setName('counts');

const STATELESS: Readonly<Record<string, Build>> = {
  map: (numbers, flaky) => numbers.map((item) => String(flaky.call(item))),
  filter: (numbers, flaky) => numbers.filter((item) => flaky.call(item) >= 0).map(String),
  flatMap: (numbers, flaky) => numbers.flatMap((item) => [String(flaky.call(item))]),
  'a generator of flatMap': (numbers, flaky) =>
    numbers.flatMap(function* (item) {
      yield String(item);
      flaky.call(item);
    }),
  peek: (numbers, flaky) => numbers.peek(flaky.call).map(String),
  groupingKey: (numbers, flaky) =>
    numbers
      .groupingKey((item) => flaky.call(item) % 10)
      .mapStateful(
        () => ({ seen: 0 }),
        (_, __, item) => String(item),
      ),
  mapAsync: (numbers, flaky) => numbers.mapAsync(async (item) => String(flaky.call(item))),
  'a function behind mapAsync': (numbers, flaky) =>
    numbers.mapAsync(async (item) => item).map((item) => String(flaky.call(item))),
};

describe('a function that throws in one of a hundred calls', SUITE_LIMIT, () => {
  for (const [name, build] of Object.entries(STATELESS)) {
    it(`${name}: 2,000 inputs get through, once and in order, in at most ${MOST_STARTS} starts`, async () => {
      const { items, flaky } = await startsUntilDone(build);
      assert.deepEqual(items, numbered);
      assert.ok(flaky.failures >= 19, `${flaky.failures} failures`);
    });
  }

  it('mapStateful with one key: the state of the failing item is as before it, and nothing before it is lost', async () => {
    const { items, starts } = await startsUntilDone(counted(() => 0));
    assert.deepEqual(
      items,
      numbered.map((item, index) => `${item}:${index + 1}`),
    );
    assert.ok(starts > 19, `${starts} starts`);
  });

  it('mapStateful with many keys', async () => {
    const { items } = await startsUntilDone(counted((item) => item % 7));
    assert.deepEqual(
      items,
      numbered.map((item, index) => `${item}:${Math.floor(index / 7) + 1}`),
    );
  });

  it('a failure behind a state: the state forgets the item too', async () => {
    const { items } = await startsUntilDone((numbers, flaky) =>
      counted(() => 0)(numbers, new Flaky(Number.POSITIVE_INFINITY)).map((item) => flaky.call(item)),
    );
    assert.deepEqual(
      items,
      numbered.map((item, index) => `${item}:${index + 1}`),
    );
  });

  it('inputs with keys, whose polls are committed as a whole', async () => {
    const waiting = new Waiting();
    waiting.keyed = true;
    const { items } = await startsUntilDone(
      counted(() => 0),
      waiting,
    );
    assert.deepEqual(
      items,
      numbered.map((item, index) => `${item}:${index + 1}`),
    );
  });

  it('polls with rejected inputs', async () => {
    const waiting = new Waiting();
    waiting.rejecting = 10;
    const { items } = await startsUntilDone(
      counted(() => 0),
      waiting,
    );
    const good = numbered.filter((item) => !item.endsWith('9'));
    assert.deepEqual(
      items,
      good.map((item, index) => `${item}:${index + 1}`),
    );
  });

  it('one job gets through by itself where its restarts allow it: each that gets on begins the count anew', async () => {
    const flaky = new Flaky();
    const destination = new Destination();
    const pipeline = Pipeline.create();
    counted(() => 0)(pipeline.readFrom(new Waiting().source), flaky).writeTo(durableSink(destination));
    const restart = { userFunctions: true, maxAttempts: 2, minBackoffMs: 1 };
    const job = Engine.embedded({ stores: new MemoryStores() }).newJob(pipeline, { ...OPTIONS, restart });
    await job.join();
    assert.equal(destination.items.length, COUNT);
    assert.ok(flaky.failures >= 19);
  });

  it('an item that fails each time ends the job after so many attempts, and by default at once', async () => {
    for (const [restart, calls] of [
      [{ userFunctions: true, maxAttempts: 2, minBackoffMs: 1 }, 3],
      [{ maxAttempts: 2, minBackoffMs: 1 }, 1],
    ] as const) {
      let called = 0;
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(new Waiting().source)
        .map((item) => {
          if (item !== 500) return String(item);
          called += 1;
          throw new Error('always');
        })
        .writeTo(durableSink(new Destination()));
      const job = Engine.embedded({ stores: new MemoryStores() }).newJob(pipeline, { ...OPTIONS, restart });
      await assert.rejects(job.join(), { code: 'USER_FUNCTION_FAILED' });
      // the first run has got on by 500 inputs
      assert.equal(called, calls);
    }
  });
});
