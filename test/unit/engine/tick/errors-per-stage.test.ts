import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeadLetter, OnError } from '../../../../src/connector/index.js';
import {
  Engine,
  type Job,
  type JobOptions,
  MillraceError,
  Pipeline,
  SinkBuilder,
  Sinks,
  TestSources,
} from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { AggregateOperations, type Stage } from '../../../../src/pipeline/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT, SUITE_LIMIT } from '../../../support/limits.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const fails = (message: string) => (): never => {
  throw new Error(message);
};

const WITH_STORE: JobOptions = { name: 'j', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };
const MODES: readonly (readonly [string, JobOptions])[] = [
  ['without a store', { processingGuarantee: 'none' }],
  ['with a store', WITH_STORE],
];

interface Outcome {
  readonly job: Job;
  readonly out: unknown[];
  readonly letters: readonly DeadLetter[];
}

/** Runs a pipeline of one source and one sink, with a dead-letter sink that keeps its letters. */
const run = async (
  options: JobOptions,
  items: readonly number[],
  build: (stage: Stage<number>, onError: OnError) => Stage<unknown>,
): Promise<Outcome> => {
  const out: unknown[] = [];
  const letters: DeadLetter[] = [];
  const pipeline = Pipeline.create();
  const onError = { deadLetter: Sinks.list<DeadLetter>(letters) };
  build(pipeline.readFrom(TestSources.items(...items)), onError).writeTo(Sinks.list(out));
  const engine = Engine.embedded({ stores: new MemoryStores() });
  const job = engine.newJob(pipeline, options);
  try {
    await job.join();
  } finally {
    await engine.shutdown();
  }
  return { job, out, letters };
};

const AT_TWO = (item: number): number => {
  if (item === 2) throw new Error('two');
  return item;
};

const STAGES: readonly (readonly [string, (stage: Stage<number>, onError: OnError) => Stage<unknown>])[] = [
  ['map', (stage, onError) => stage.map(AT_TWO, { onError })],
  ['filter', (stage, onError) => stage.filter((item) => AT_TWO(item) > 0, { onError })],
  ['flatMap', (stage, onError) => stage.flatMap((item) => [AT_TWO(item)], { onError })],
  ['peek', (stage, onError) => stage.peek((item) => void AT_TWO(item), { onError })],
  ['mapAsync', (stage, onError) => stage.mapAsync(async (item) => AT_TWO(item), { onError })],
  [
    'groupingKey',
    (stage, onError) => stage.groupingKey(AT_TWO, { onError }).rollingAggregate(AggregateOperations.counting()),
  ],
  [
    'mapStateful',
    (stage, onError) =>
      stage.groupingKey(() => 'k').mapStateful(() => ({}), (_, __, item) => AT_TWO(item), { onError }), // biome-ignore format: one case, one line
  ],
  [
    'filterStateful',
    (stage, onError) =>
      stage.groupingKey(() => 'k').filterStateful(() => ({}), (_, __, item) => AT_TWO(item) > 0, { onError }), // biome-ignore format: one case, one line
  ],
  [
    'rollingAggregate',
    (stage, onError) => stage.groupingKey(() => 'k').rollingAggregate(AggregateOperations.summing(AT_TWO), { onError }),
  ],
];

for (const [mode, options] of MODES) {
  describe(`errors per stage, ${mode}`, SUITE_LIMIT, () => {
    it('every stage with a function gives up the item that it fails at, and its letter says stage, item, key and error', async () => {
      for (const [name, build] of STAGES) {
        const { out, letters, job } = await run(options, [1, 2, 3], build);
        assert.equal(out.length, 2, name);
        assert.equal(letters.length, 1, name);
        const [letter] = letters;
        assert.equal(letter?.origin, name);
        assert.equal(letter.attributes.item, 2);
        assert.equal(letter.attributes.key, /Stateful|rolling/.test(name) ? 'k' : undefined);
        assert.equal(letter.attempt, 1);
        assert.equal(letter.error.code, 'USER_FUNCTION_FAILED');
        assert.match(letter.error.message, /stage ".*" failed at position 1 of source "items": two/);
        assert.deepEqual(letter.error.details, { stage: name, source: 'items', position: 1 });
        assert.equal(job.metrics().itemsDeadLettered, 1);
      }
    });

    it('counts what it skips, and goes on', async () => {
      for (const [name, build] of STAGES) {
        const { out, letters, job } = await run(options, [1, 2, 2, 3], (stage) => build(stage, 'skip'));
        assert.deepEqual([out.length, letters.length, job.metrics().itemsSkipped], [2, 0, 2], name);
      }
    });

    it('withdraws what the input has already led to, in earlier branches and out of the same flatMap', async () => {
      const early: number[] = [];
      const { out, letters } = await run(options, [1, 2, 3], (stage, onError) => {
        stage.map((item) => item * 10).writeTo(Sinks.list(early));
        return stage.flatMap(function* (item) {
          yield item;
          yield item;
          AT_TWO(item);
        }, { onError }); // biome-ignore format: a generator
      });
      assert.deepEqual([early, out], [[10, 30], [1, 1, 3, 3]]); // biome-ignore format: one line
      assert.equal(letters.length, 1);
    });

    it('undoes what the item did to a state, nested objects included, in the failing stage and in others', async () => {
      const { out } = await run(options, [1, 2, 3], (stage, onError) => {
        const counted = stage
          .groupingKey(() => 'k')
          .mapStateful(
            () => ({ deep: { items: [0] } }),
            (state, _, item) => {
              state.deep.items.push(item);
              return [...state.deep.items];
            },
          )
          .setName('before');
        return counted
          .groupingKey(() => 'k')
          .mapStateful(
            () => ({ deep: new Map<string, number[]>() }),
            (state, _, items) => {
              state.deep.set('all', [...(state.deep.get('all') ?? []), items.length]);
              AT_TWO(items.at(-1) ?? 0);
              return [items, state.deep.get('all')];
            },
            { onError },
          );
      });
      assert.deepEqual(out, [[[0, 1], [2]], [[0, 1, 3], [2, 3]]]); // biome-ignore format: one line
    });

    it('leaves a key that only a given-up item had without a state', async () => {
      const created: number[] = [];
      await run(
        options,
        [2, 2, 1],
        (stage, onError) =>
        stage.groupingKey((item) => item).mapStateful(
          () => {
            created.push(1);
            return { n: 0 };
          },
          (_, __, item) => AT_TWO(item),
          { onError },
        ), // biome-ignore format: as it is read
      );
      assert.equal(created.length, 3);
    });

    it('fails the job at a stage without onError, though others have it, and keeps what came before', async () => {
      const out: unknown[] = [];
      const failed = run(options, [1, 2, 3], (stage) => {
        const first = stage.map((item) => item, { onError: 'skip' });
        first.writeTo(Sinks.list(out));
        return first.map(AT_TWO).setName('strict');
      });
      await assert.rejects(failed, (error: MillraceError) => error.details.stage === 'strict');
      assert.deepEqual(out, [1]);
    });

    it('asks no onError about a function that is wrong for every item', async () => {
      const cases: readonly ((stage: Stage<number>) => Stage<unknown>)[] = [
        (stage) => stage.map(async (item) => item, { onError: 'skip' }),
        (stage) => stage.filter((async () => true) as never, { onError: 'skip' }),
        (stage) => stage.peek((async () => {}) as () => void, { onError: 'skip' }),
        (stage) => stage.flatMap(async function* () {} as never, { onError: 'skip' }),
        (stage) => stage.groupingKey(() => 1).mapStateful(() => ({}), (state) => state, { onError: 'skip' }), // biome-ignore format: a table
      ];
      for (const build of cases) {
        await assert.rejects(run(options, [1], build), { code: 'USER_FUNCTION_FAILED' });
      }
    });

    it('cannot take back an input of very many items, and says so', async () => {
      const burst = (count: number) =>
        run(options, [1], (stage, onError) =>
          stage
            .flatMap(() => Array.from({ length: count }, (_, index) => index))
            .map((index) => (index === count - 1 ? fails('the last')() : index), { onError })
            .setName('late'),
        );
      const small = await burst(16_000);
      assert.deepEqual([small.out.length, small.letters.length], [0, 1]);
      await assert.rejects(burst(40_000), (error: MillraceError) => {
        assert.match(error.message, /"late".*the last.*16384/);
        assert.match(error.advice ?? '', /mapAsync/);
        return true;
      });
    });

    it('leads each item behind a mapAsync stage by itself, so that the others of its input stay', async () => {
      const { out, letters } = await run(options, [1, 2], (stage, onError) =>
        stage
          .flatMap((item) => [item, item + 10])
          .mapAsync((item) => item)
          .map(AT_TWO, { onError }),
      );
      assert.deepEqual(out, [1, 11, 12]);
      assert.equal(letters.length, 1);
    });
  });
}

it('with a store the letter is in the commit that has the position of its input', LIMIT, async () => {
  const stores = new HeldStores();
  const pipeline = Pipeline.create();
  const letters = Sinks.list<DeadLetter>([]);
  pipeline
    .readFrom(TestSources.items(1, 2, 3))
    .map(AT_TWO, { onError: { deadLetter: letters } })
    .writeTo(Sinks.noop());
  const engine = Engine.embedded({ stores });
  await engine.newJob(pipeline, WITH_STORE).join();
  await engine.shutdown();
  const keys = stores.batches.map((batch) => [...batch].flatMap(([key, value]) => (value === undefined ? [] : [key])));
  const withLetter = keys.filter((all) => all.some((key) => key.startsWith('rows/list/')));
  assert.equal(withLetter.length, 1);
  assert.ok(withLetter[0]?.includes('source/items'), String(withLetter));
});

it('an input that a stage gave up is acknowledged when its letter is delivered, and not before', LIMIT, async () => {
  for (const add of [
    (stage: Stage<number>, onError: OnError) => stage.map(AT_TWO, { onError }),
    (stage: Stage<number>, onError: OnError) => stage.mapAsync(async (item) => AT_TWO(item), { onError }),
  ]) {
    const letters: DeadLetter[] = [];
    const deliver = deferred<void>();
    const held = SinkBuilder.sinkBuilder('letters', () => letters)
      .receiveFn<DeadLetter>((to, letter) => {
        to.push(letter);
        return deliver.promise;
      })
      .build();
    const source = new ManualSource<number>();
    const out: number[] = [];
    const pipeline = Pipeline.create();
    add(pipeline.readFrom(source.source), { deadLetter: held }).writeTo(Sinks.list(out));
    const job = Engine.embedded().newJob(pipeline, { processingGuarantee: 'at-least-once' });
    await job.whenRunning();
    source.push(1);
    await until(() => source.acknowledged === 1);
    source.push(2, 3);
    await until(() => letters.length === 1 && out.length === 2);
    assert.equal(source.acknowledged, 1);
    deliver.resolve();
    await until(() => source.acknowledged === 3);
    await job.cancel();
  }
});

it('a dead-letter sink that takes nothing stops the source, and what waits stays bounded', LIMIT, async () => {
  const bounds: readonly JobOptions[] = [
    { processingGuarantee: 'at-least-once', maxItemsInFlight: 500 },
    { ...WITH_STORE, maxOutboxMessages: 100 },
  ];
  for (const options of bounds) {
    const source = new ManualSource<number>();
    const stuck = SinkBuilder.sinkBuilder('letters', () => undefined)
      .receiveFn<DeadLetter>(() => new Promise(() => {}))
      .build();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .map(fails('always'), { onError: { deadLetter: stuck } })
      .writeTo(Sinks.noop());
    source.push(...Array.from({ length: 20_000 }, (_, index) => index));
    const job = Engine.embedded({ stores: new MemoryStores() }).newJob(pipeline, options);
    const letters = () => job.metrics().itemsDeadLettered;
    await until(() => letters() > 0);
    // it has come to rest when nothing was added for so many turns
    for (let still = 0, before = 0; still < 50; before = letters()) {
      still = letters() === before ? still + 1 : 0;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.ok(letters() < 2000, `${letters()} letters`);
    await job.cancel();
  }
});

it('whatever a function throws has words in the letter, and in the error of the job', LIMIT, async () => {
  const thrown = [{ reason: 'an object' }, Object.create(null), undefined, null, Symbol('s'), 'text', 5n];
  for (const one of thrown) {
    const throwing = (): never => {
      throw one;
    };
    const none: JobOptions = { processingGuarantee: 'none' };
    const { letters } = await run(none, [1], (stage, onError) => stage.map(throwing, { onError }));
    const called = await run(none, [1], (stage, onError) => stage.mapAsync(async () => throwing(), { onError }));
    for (const letter of [...letters, ...called.letters]) {
      assert.match(letter.error.message, /position 0 of source "items": \S/);
      assert.doesNotMatch(letter.error.message, /\[object/);
    }
    assert.equal(letters.length + called.letters.length, 2);
    await assert.rejects(
      run(none, [1], (stage) => stage.map(throwing)),
      { code: 'USER_FUNCTION_FAILED' },
    );
  }
});

it('a state that cannot be copied fails the job by its name, where a stage gives items up', LIMIT, async () => {
  class Position {
    x = 0;
  }
  const build = (onError: OnError) =>
    run({ processingGuarantee: 'none' }, [1, 3], (stage) =>
      stage
        .map(AT_TWO, { onError })
        .groupingKey(() => 'k')
        .mapStateful(() => new Position(), (state, _, item) => (state.x += item)) // biome-ignore format: one line
        .setName('positions'),
    );
  assert.deepEqual((await build('fail')).out, [1, 4]);
  await assert.rejects(build('skip'), (error: MillraceError) => {
    assert.ok(error instanceof MillraceError);
    assert.match(error.message, /state of stage "positions" cannot be copied: .*Position/);
    return true;
  });
});

it('an onError that is none is refused when the stage is made', () => {
  const stage = Pipeline.create().readFrom(TestSources.items(1));
  assert.throws(() => stage.map((item) => item, { onError: 'ignore' as never }), { code: 'INVALID_OPTIONS' });
  assert.throws(() => stage.peek(() => {}, { onError: {} as never }), { code: 'INVALID_OPTIONS' });
});
