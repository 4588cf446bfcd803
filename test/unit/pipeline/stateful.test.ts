import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../../src/errors/index.js';
import { compilePipeline } from '../../../src/pipeline/compile/compile-pipeline.js';
import type { FragmentRun } from '../../../src/pipeline/compile/fragment/fragment.js';
import {
  type AggregateOperation,
  AggregateOperations,
  Pipeline,
  Sinks,
  type SourceStage,
  type Stage,
  StateCodecs,
  type StateKey,
  TestSources,
} from '../../../src/pipeline/index.js';
import type { StageState, StatefulStage } from '../../../src/pipeline/stage-state.js';

const LIMITS = { budget: Number.POSITIVE_INFINITY, pauseAfter: Number.POSITIVE_INFINITY };

interface Reading {
  readonly device: string;
  readonly value: number;
}

const reading = (device: string, value: number): Reading => ({ device, value });

/** Runs the first fragment of a pipeline over these items. */
const runOver = <T>(items: readonly T[], build: (stage: SourceStage<T>) => Stage<unknown>) => {
  const pipeline = Pipeline.create();
  build(pipeline.readFrom(TestSources.items<T>())).writeTo(Sinks.noop());
  const plan = compilePipeline(pipeline.toGraph());
  const fragment = plan.sources[0]?.fragment;
  assert.ok(fragment);
  const run: FragmentRun = fragment.run(items, 0, LIMITS);
  return { out: fragment.outlets.flatMap((outlet) => outlet.items), ...run };
};

const failureOf = <T>(items: readonly T[], build: (stage: SourceStage<T>) => Stage<unknown>) => {
  const { failure, out } = runOver(items, build);
  assert.ok(failure?.cause instanceof MillraceError, 'no failure');
  assert.equal(failure.cause.code, 'USER_FUNCTION_FAILED');
  return { stage: failure.stage, message: failure.cause.message, out };
};

const READINGS = [reading('a', 1), reading('b', 5), reading('a', 3), reading('b', 4), reading('a', 2)];

test('mapStateful has one state for each key, and gives nothing for undefined and null', () => {
  const { out } = runOver(READINGS, (stage) =>
    stage
      .groupingKey(({ device }) => device)
      .mapStateful(
        () => ({ highest: 0 }),
        (state, key, { value }) => {
          if (value <= state.highest) return value === 2 ? null : undefined;
          state.highest = value;
          return `${key}${value}`;
        },
      ),
  );
  assert.deepEqual(out, ['a1', 'b5', 'a3']);
});

test('filterStateful passes on what its predicate takes, undefined and null as well', () => {
  const { out } = runOver([null, undefined, null, 1, undefined], (stage) =>
    stage
      .groupingKey((item) => String(item))
      .filterStateful(
        () => ({ seen: false }),
        (state, key, item) => {
          assert.equal(key, String(item));
          const first = !state.seen;
          state.seen = true;
          return first;
        },
      ),
  );
  assert.deepEqual(out, [null, undefined, 1]);
});

test('rollingAggregate gives the key and the result after each item', () => {
  const { out } = runOver(READINGS, (stage) =>
    stage.groupingKey(({ device }) => device).rollingAggregate(AggregateOperations.summing(({ value }) => value)),
  );
  assert.deepEqual(
    out,
    [1, 5, 4, 9, 6].map((value, index) => ({ key: READINGS[index]?.device, value })),
  );
});

test('keys of different types are different keys, and -0 is 0', () => {
  const keys: StateKey[] = [1, '1', 1n, true, 'true', 0, -0, '', false];
  const { out } = runOver(keys, (stage) =>
    stage.groupingKey((key) => key).rollingAggregate(AggregateOperations.counting()),
  );
  assert.deepEqual(
    out.map((entry) => (entry as { value: number }).value),
    [1, 1, 1, 1, 1, 1, 2, 1, 1],
  );
});

test('what cannot be a key fails at the item, naming the grouping', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [{}, 'a value of type object'],
    [['a'], 'an array'],
    [Symbol('a'), 'a value of type symbol'],
  ];
  for (const [key, name] of cases) {
    const { stage, message, out } = failureOf([1, 2], (source) =>
      source
        .groupingKey((item) => (item === 1 ? 'fine' : (key as string)))
        .setName('by device')
        .rollingAggregate(AggregateOperations.counting()),
    );
    assert.equal(stage, 'by device');
    assert.equal(message, `it returned ${name}, which cannot be a key`);
    assert.equal(out.length, 1);
  }
});

test('a state that is given on as it is, is refused: later items would change what was given', () => {
  const grouped = (source: SourceStage<number>) => source.groupingKey(() => 'k');
  const { stage, message } = failureOf([1], (source) =>
    grouped(source)
      .mapStateful(
        () => ({ count: 0 }),
        (state) => state,
      )
      .setName('leak'),
  );
  assert.deepEqual([stage, message], ['leak', 'it returned its state itself']);
  const list: AggregateOperation<number, number[], number[]> = {
    create: () => [],
    accumulate: (all, item) => [...all, item],
    export: (all) => all,
  };
  assert.equal(
    failureOf([1], (source) => grouped(source).rollingAggregate(list)).message,
    'it returned its state itself',
  );
});

test('async functions and states that are no objects are refused', () => {
  const grouped = (source: SourceStage<number>) => source.groupingKey(() => 'k');
  const promise = 'it returned a promise';
  const build: readonly (readonly [(source: SourceStage<number>) => Stage<unknown>, string])[] = [
    [(source) => grouped(source).mapStateful(() => ({}), async () => 1), promise], // biome-ignore format: a table
    [(source) => grouped(source).filterStateful(() => ({}), (async () => true) as () => never), promise],
    [
      (source) =>
        grouped(source).mapStateful(
          async () => ({}),
          () => 1,
        ),
      'createFn returned a promise',
    ],
    [
      (source) =>
        grouped(source).mapStateful(
          () => 1 as never,
          () => 1,
        ),
      'createFn returned no object',
    ],
    [
      (source) =>
        grouped(source).rollingAggregate({ create: () => undefined, accumulate: () => undefined, export: () => 1 }),
      'the accumulator is undefined',
    ],
    [
      (source) =>
        grouped(source).rollingAggregate({ create: () => 0, accumulate: async () => 0, export: () => 1 } as never),
      promise,
    ],
    [
      (source) =>
        grouped(source).rollingAggregate(AggregateOperations.counting(), { forgetWhen: (async () => false) as never }),
      'forgetWhen returned a promise',
    ],
    [(source) => source.map(async () => 1), promise],
    // biome-ignore lint/suspicious/noThenProperty: as promises of other libraries have it
    [(source) => source.map(() => ({ then: () => {} })), promise],
    [(source) => source.peek((async () => {}) as () => void), promise],
    [(source) => source.groupingKey((async () => 1) as never).rollingAggregate(AggregateOperations.counting()), promise], // biome-ignore format: a table
  ];
  for (const [one, message] of build) assert.equal(failureOf([1], one).message, message);
});

test('a key is asked for once for each item, whatever stands behind the grouping', () => {
  let asked = 0;
  const { out } = runOver(READINGS, (source) => {
    const keyed = source.groupingKey(({ device }) => {
      asked += 1;
      return device;
    });
    const counts = keyed.rollingAggregate(AggregateOperations.counting());
    return counts.merge(keyed.rollingAggregate(AggregateOperations.maxBy(({ value }) => value)));
  });
  assert.deepEqual([asked, out.length], [5, 10]);
});

test('forgetWhen removes the state of a key after the item with which it says so', () => {
  const { out } = runOver([1, 1, 1, 1, 1], (source) =>
    source
      .groupingKey(() => 'k')
      .rollingAggregate(AggregateOperations.counting(), { forgetWhen: (count) => count === 2 }),
  );
  assert.deepEqual(
    out.map((entry) => (entry as { value: number }).value),
    [1, 2, 1, 2, 1],
  );
});

test('a state is marked as changed after each call, also after one that gives nothing', () => {
  const calls: string[] = [];
  const state: StageState = {
    size: 0,
    get: (key) => void calls.push(`get ${key}`),
    set: (key, value) => void calls.push(`set ${key} ${JSON.stringify(value)}`),
    remove: (key) => void calls.push(`remove ${key}`),
    restorer: () => assert.fail('nothing is undone here'),
  };
  const codec = StateCodecs.structuredClone<{ n: number }>({ version: 7 });
  const pipeline = Pipeline.create();
  const source = pipeline.readFrom(TestSources.items(1));
  source
    .groupingKey(() => 'k')
    .mapStateful(
      () => ({ n: 0 }),
      (s) => {
        s.n += 1;
      },
      { codec },
    )
    .setName('quiet')
    .writeTo(Sinks.noop());
  const stages: StatefulStage[] = [];
  const plan = compilePipeline(pipeline.toGraph(), {
    stateOf: (stage) => {
      stages.push(stage);
      return state;
    },
    timersOf: () => assert.fail('it has none'),
    earlyTimersOf: () => assert.fail('nor these'),
  });
  plan.sources[0]?.fragment.run([1], 0, LIMITS);
  assert.deepEqual(calls, ['get k', 'set k {"n":1}']);
  assert.deepEqual(stages, [{ name: 'quiet', codec, timed: false, form: {} }]);
  assert.deepEqual(plan.stateful, stages);
});

test('a stage that two sources lead to has one state for both', () => {
  const pipeline = Pipeline.create();
  const [one, two] = [pipeline.readFrom(TestSources.items(1)), pipeline.readFrom(TestSources.items(2))];
  one
    .merge(two)
    .groupingKey(() => 'k')
    .rollingAggregate(AggregateOperations.counting())
    .writeTo(Sinks.noop());
  const { sources } = compilePipeline(pipeline.toGraph());
  const values = sources.map(({ fragment }) => {
    fragment.run([1], 0, LIMITS);
    return fragment.outlets[0]?.items;
  });
  assert.deepEqual(values, [[{ key: 'k', value: 1 }], [{ key: 'k', value: 2 }]]);
});

test('a grouping is an exchange edge of the graph', () => {
  const pipeline = Pipeline.create();
  const source = pipeline.readFrom(TestSources.items(1));
  source.groupingKey((n) => n).rollingAggregate(AggregateOperations.counting()).writeTo(Sinks.noop()); // biome-ignore format: one line
  const { vertices, edges } = pipeline.toGraph();
  assert.deepEqual(
    vertices.map(({ name, work }) => [name, work.kind]),
    [
      ['items', 'source'],
      ['groupingKey', 'groupingKey'],
      ['rollingAggregate', 'stateful'],
      ['noop', 'sink'],
    ],
  );
  assert.deepEqual(edges, [
    { from: 0, to: 1, exchange: true },
    { from: 1, to: 2 },
    { from: 2, to: 3 },
  ]);
});

test('a grouping that nothing stands behind, and two parts with one name, are refused', () => {
  const pipeline = Pipeline.create();
  const source = pipeline.readFrom(TestSources.items(1));
  source.writeTo(Sinks.noop());
  source.groupingKey((n) => n).setName('lonely');
  assert.throws(() => pipeline.toGraph(), { code: 'INVALID_OPTIONS', message: /reach no sink: lonely/ });

  const twice = Pipeline.create();
  const keyed = twice.readFrom(TestSources.items(1)).groupingKey((n) => n);
  for (let count = 0; count < 2; count += 1) {
    keyed.rollingAggregate(AggregateOperations.counting()).setName('same').writeTo(Sinks.noop());
  }
  assert.throws(() => twice.toGraph(), { code: 'INVALID_OPTIONS', message: /have the same name: same/ });
});
