import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import {
  DeadLetters,
  Engine,
  MillraceError,
  MqttSinks,
  MqttSources,
  Pipeline,
  RetryStrategies,
  Sinks,
  TestSources,
} from '../../../src/index.js';
import { LIMIT } from '../../support/limits.js';

const invalid =
  (text: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof MillraceError && error.code === 'INVALID_OPTIONS');
    assert.ok(error.message.includes(text), error.message);
    return true;
  };

test('a pipeline is plain data: building it calls nothing and opens nothing', () => {
  const pipeline = Pipeline.create();
  const fail = (): never => assert.fail('called');
  pipeline.readFrom(TestSources.itemStream(1, fail)).withoutTimestamps().map(fail).writeTo(Sinks.logger(fail));
  const { vertices, edges } = pipeline.toGraph();
  assert.deepEqual(
    vertices.map(({ id, name, work }) => [id, name, work.kind]),
    [
      [0, 'itemStream', 'source'],
      [1, 'map', 'map'],
      [2, 'logger', 'sink'],
    ],
  );
  assert.deepEqual(edges, [
    { from: 0, to: 1 },
    { from: 1, to: 2 },
  ]);
});

test('every stage that reaches no sink is named at once', () => {
  const pipeline = Pipeline.create();
  const stage = pipeline.readFrom(TestSources.items(1));
  stage.writeTo(Sinks.noop());
  stage
    .map((n) => n)
    .setName('lost')
    .filter(() => true);
  assert.throws(() => pipeline.toGraph(), invalid('lost, filter'));
  assert.throws(() => Engine.embedded().newJob(pipeline), invalid('lost, filter'));
});

test('a pipeline without a source is refused', () => {
  assert.throws(() => Pipeline.create().toGraph(), invalid('no source'));
});

test('stages of two pipelines do not merge', () => {
  const one = Pipeline.create().readFrom(TestSources.items(1));
  const other = Pipeline.create().readFrom(TestSources.items(2)).setName('other');
  assert.throws(() => one.merge(other), invalid('other is a stage of another pipeline'));
});

test('what is no source, sink, stage, name or function is refused where it is given, by its name', () => {
  const pipeline = Pipeline.create();
  const stage = pipeline.readFrom(TestSources.items(1));
  const keyed = stage.groupingKey(String);
  const none = undefined as never;
  const service = () => ({});
  const options = { onError: 'skip' } as never;
  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['readFrom: it is no source', () => pipeline.readFrom(none)],
    ['writeTo: it is no sink', () => stage.writeTo(console.log as never)],
    ['setName: the name of a stage must be a string that is not empty', () => stage.setName('')],
    ['setName: the name of a stage', () => keyed.setName(5 as never)],
    ['merge: it is no stage', () => stage.merge(none)],
    ['map: fn must be a function, not undefined', () => stage.map(none)],
    ['filter: predicate must be', () => stage.filter(none)],
    ['flatMap: fn must be', () => stage.flatMap(none)],
    ['mapAsync: fn must be', () => stage.mapAsync(none)],
    ['peek: observe must be', () => stage.peek(options)],
    ['groupingKey: keyFn must be', () => stage.groupingKey('device' as never)],
    ['mapUsingService: createFn must be', () => stage.mapUsingService({} as never, String)],
    ['mapUsingService: destroyFn must be', () => stage.mapUsingService(service, String, options)],
    ['mapAsyncUsingService: destroyFn must be', () => stage.mapAsyncUsingService(service, String, options)],
    ['mapStateful: createFn must be', () => keyed.mapStateful({} as never, String)],
    ['filterStateful: predicate must be', () => keyed.filterStateful(service, none)],
    ['rollingAggregate: create must be', () => keyed.rollingAggregate(none)],
    ['Sinks.list: array must be an array', () => Sinks.list(none)],
    ['Sinks.logger: toStringFn must be', () => Sinks.logger('a' as never)],
    ['TestSources.itemStream: createFn must be', () => TestSources.itemStream(10, none)],
    ['DeadLetters.file: path must be', () => DeadLetters.file(none)],
    ['DeadLetters.file: path must be', () => DeadLetters.file('')],
    ['newJob was given no pipeline', () => Engine.embedded().newJob(stage.writeTo(Sinks.noop()) as never)],
  ];
  for (const [text, act] of wrong) assert.throws(act, invalid(text), text);
});

test('a builder that was not built is refused with what to do', () => {
  const advice = /call build\(\)/;
  const pipeline = Pipeline.create();
  assert.throws(() => pipeline.readFrom(MqttSources.builder() as never), { code: 'INVALID_OPTIONS', advice });
  const stage = pipeline.readFrom(TestSources.items(1));
  assert.throws(() => stage.writeTo(MqttSinks.builder() as never), { code: 'INVALID_OPTIONS', advice });
  const onError = { deadLetter: MqttSinks.builder().topic('dead') as never };
  assert.throws(() => stage.map(String, { onError }), invalid('onError must be'));
  const retryStrategy = RetryStrategies.custom().maxAttempts(5) as never;
  assert.throws(() => stage.mapAsync(String, { retryStrategy }), invalid('custom() ends with build()'));
});

test('names are numbered until they are set', () => {
  const stage = Pipeline.create().readFrom(TestSources.items(1));
  const names = [stage.map(String), stage.map(String), stage.map(String).setName('mine')].map(({ name }) => name);
  assert.deepEqual(names, ['map', 'map-2', 'mine']);
  assert.equal(stage.writeTo(Sinks.noop()).setName('end').name, 'end');
});

test('bad numbers are refused where they are given', () => {
  const stage = Pipeline.create().readFrom(TestSources.items(1));
  for (const maxConcurrency of [0, 1.5, Number.NaN]) {
    assert.throws(() => stage.mapAsync(async () => 1, { maxConcurrency }), invalid('maxConcurrency'));
  }
  for (const rate of [0, -1, Number.POSITIVE_INFINITY, Number.NaN]) {
    assert.throws(() => TestSources.itemStream(rate, () => 1), invalid('itemsPerSecond'));
  }
});

test('a job runs the pipeline as it was when the job was made, and two jobs may run the same one', LIMIT, async () => {
  const out: number[] = [];
  const late: number[] = [];
  const pipeline = Pipeline.create();
  const stage = pipeline.readFrom(TestSources.items(1, 2));
  stage.writeTo(Sinks.list(out));
  const engine = Engine.embedded();
  const jobs = [engine.newJob(pipeline), engine.newJob(pipeline)];
  stage.writeTo(Sinks.list(late));
  await Promise.all(jobs.map((job) => job.join()));
  assert.deepEqual(out.sort(), [1, 1, 2, 2]);
  assert.deepEqual(late, []);
});

test(
  'peek and logger print, undefined and null are items, and a stage merged with itself gives each item twice',
  LIMIT,
  async () => {
    const log = mock.method(console, 'log', () => {});
    try {
      const out: unknown[] = [];
      const pipeline = Pipeline.create();
      const stage = pipeline.readFrom(TestSources.items(undefined, null)).peek().setName('look');
      stage.merge(stage).writeTo(Sinks.list(out));
      stage.writeTo(Sinks.logger((item) => `got ${item}`));
      await Engine.embedded().newJob(pipeline).join();
      assert.deepEqual(out, [undefined, undefined, null, null]);
      const lines = log.mock.calls.map(({ arguments: [line] }) => line);
      assert.deepEqual(lines, ['look: undefined', 'look: null', 'got undefined', 'got null']);
    } finally {
      log.mock.restore();
    }
  },
);

test('itemStream makes numbered items at its rate and tells the wall clock', LIMIT, async () => {
  const out: (readonly [number, number])[] = [];
  const pipeline = Pipeline.create();
  const startedMs = Date.now();
  pipeline
    .readFrom(TestSources.itemStream(500, (timestamp, sequence) => [timestamp, sequence] as const))
    .writeTo(Sinks.list(out));
  const job = Engine.embedded().newJob(pipeline);
  while (out.length < 50) await new Promise((resolve) => setImmediate(resolve));
  const tookMs = Date.now() - startedMs;
  await job.drain();
  assert.deepEqual(
    out.map(([, sequence]) => sequence),
    out.map((_, index) => index),
  );
  assert.ok(tookMs >= 95, `50 items at 500 a second took ${tookMs} ms`);
  assert.ok(out.every(([timestamp]) => timestamp >= startedMs));
});
