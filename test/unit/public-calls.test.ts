import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineSink, defineSource } from '../../src/connector/index.js';
import {
  AggregateOperations,
  DeadLetters,
  Engine,
  IntervalFunctions,
  MillraceError,
  MqttSinks,
  MqttSources,
  Pipeline,
  RetryStrategies,
  SinkBuilder,
  Sinks,
  SourceBuilder,
  StateCodecs,
  Subscription,
  scramSha256,
  Tables,
  TestSources,
} from '../../src/index.js';
import { PostgresSinks, PostgresSources } from '../../src/postgres/index.js';
import { LmdbStores } from '../../src/store/index.js';

/** A call as JavaScript may write it: no type looks at it. */
type Call = (...given: unknown[]) => unknown;

/** The function of that name, called with what no type would let through. */
const call = (owner: object, name: string, ...given: unknown[]): unknown => {
  const fn: Call = Reflect.get(owner, name);
  return Reflect.apply(fn, owner, given);
};

const fn = (): number => 0;
const source = () => MqttSources.builder({ broker: 'mqtt://h', topic: 't' });
const sink = () => MqttSinks.builder({ broker: 'mqtt://h', topic: 't' });
const stage = () => Pipeline.create().readFrom(TestSources.items(1));
const connection = 'postgres://h/d';

const invalid = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof MillraceError, String(error));
  assert.equal(error.code, 'INVALID_OPTIONS');
  assert.match(error.message, message);
  return true;
};

/** One argument too many for each function of what a user begins with, and for those of what that gives. */
const MORE: readonly (readonly [owner: object, name: string, ...given: unknown[]])[] = [
  [AggregateOperations, 'counting', fn],
  [AggregateOperations, 'maxBy', fn, fn],
  [AggregateOperations, 'countingDistinct', fn, 10, 'x'],
  [AggregateOperations.withCreate(fn), 'andAccumulate', fn, fn],
  [AggregateOperations.withCreate(fn).andAccumulate(fn), 'andCombine', fn, fn],
  [DeadLetters, 'file', 'letters.jsonl', { fsync: false }],
  [DeadLetters, 'topic', { topic: 't', broker: 'mqtt://h' }, 'u'],
  [Engine, 'embedded', {}, 'dir'],
  [Engine.embedded(), 'newJob', Pipeline.create(), {}, 'name'],
  [IntervalFunctions, 'constant', 100, 3],
  [IntervalFunctions, 'exponentialBackoff', 100, 2, 10_000],
  [MqttSinks, 'builder', {}, 't'],
  [MqttSinks, 'mqtt', 'mqtt://h', 't', fn, { retain: true }],
  [MqttSources, 'builder', {}, 't'],
  [MqttSources, 'mqtt', 'mqtt://h', 't', fn, { qos: 1 }],
  [Pipeline, 'create', 'name'],
  [Pipeline.create(), 'readFrom', TestSources.items(1), 'name'],
  [PostgresSinks, 'table', { connection, table: 't', columns: ['a'] }, 'u'],
  [PostgresSources, 'queue', { connection, table: 't' }, 'u'],
  [RetryStrategies, 'custom', { maxAttempts: 3 }],
  [RetryStrategies, 'never', 3],
  [RetryStrategies.custom(), 'intervalMs', 100, 3],
  [SinkBuilder, 'sinkBuilder', 'rows', fn, fn],
  [SinkBuilder.sinkBuilder('rows', fn), 'receiveFn', fn, { maxBatchSize: 3 }],
  [Sinks, 'noop', 'name'],
  [SourceBuilder, 'batch', 'lines', fn, fn],
  [SourceBuilder.batch('lines', fn), 'fillBufferFn', fn, 100],
  [StateCodecs, 'structuredClone', {}, 1],
  [Subscription, 'of', 'a', 1, {}, 2],
  [Tables, 'loaded', 't', fn, {}, 1],
  [MqttSources, 'table', { topic: 't' }, fn],
  [TestSources, 'itemStream', 1, fn, 10],
  [source(), 'broker', 'mqtt://a', 'mqtt://b'],
  [source(), 'build', {}],
  [source(), 'qualityOfService', 1, 't'],
  [sink(), 'broker', 'mqtt://a', 'mqtt://b'],
  [sink(), 'topic', 't', 1],
  [stage(), 'map', fn, {}, 'name'],
  [stage(), 'setName', 'a', 'b'],
  [stage(), 'writeTo', Sinks.noop(), Sinks.noop()],
  [stage().groupingKey(fn), 'mapStateful', fn, fn, {}, 'name'],
];

describe('a call as JavaScript may write it', () => {
  it('is refused with more arguments than the function takes, and says how many it takes', () => {
    for (const [owner, name, ...given] of MORE) {
      const takes = new RegExp(`: ${name} takes (no argument|\\d arguments?), not ${given.length}$`);
      assert.throws(() => call(owner, name, ...given), invalid(takes), name);
    }
  });

  it('may say undefined for an argument that there is not', () => {
    assert.doesNotThrow(() => call(Sinks, 'noop', undefined));
    assert.equal(Reflect.get(call(Subscription, 'of', 'a', 1, undefined, undefined) as object, 'filter'), 'a');
  });

  it('is refused with what is no function where one is called much later', () => {
    assert.throws(
      () => call(AggregateOperations, 'summing', 'degrees'),
      invalid(/valueFn must be a function, not a string/),
    );
    assert.throws(() => call(AggregateOperations, 'averaging'), invalid(/valueFn must be a function, not undefined/));
    assert.throws(() => call(AggregateOperations, 'minBy', 3), invalid(/minBy: valueFn must be a function/));
    assert.throws(
      () => call(RetryStrategies.custom(), 'intervalFunction', 500),
      invalid(/must be a function, not a number/),
    );
  });

  it('is refused with names that an option has not, and without what it must have', async () => {
    const deadLetter = DeadLetters.file('letters.jsonl');
    assert.throws(
      () =>
        source()
          .onError(Object.assign({}, { deadLetter, retries: 3 }))
          .build(),
      invalid(/no option "onError.retries"/),
    );
    assert.throws(() => call({ scramSha256 }, 'scramSha256', { username: 'u' }), invalid(/password is missing/));
    await assert.rejects(
      () => Promise.resolve(call(LmdbStores, 'open')),
      invalid(/dir must be a string that is not empty/),
    );
    assert.throws(
      () => Reflect.construct(MillraceError, ['NO_SUCH_CODE', 'text']),
      invalid(/there is no code "NO_SUCH_CODE"/),
    );
  });

  it('is refused with a definition of a source or sink that is none, but objects of classes may have more', () => {
    const whole = { name: 'x', claims: [], onError: 'fail', refuse: () => undefined, createWriter: fn } as const;
    assert.throws(() => call({ defineSink }, 'defineSink'), invalid(/the options of the sink must be an object/));
    assert.throws(
      () => call({ defineSink }, 'defineSink', { name: 'x' }),
      invalid(/sink "x": claims is missing; refuse is missing; onError is missing; createWriter is missing/),
    );
    assert.throws(
      () => call({ defineSink }, 'defineSink', { ...whole, createDurableWritter: fn }),
      invalid(/did you mean "createDurableWriter"/),
    );
    assert.throws(
      () => call({ defineSource }, 'defineSource', { ...whole, createReader: fn }),
      invalid(/no option "createWriter".*defaultGuarantee is missing/),
    );
    class Rows {
      readonly name = 'rows';
      readonly claims = [];
      readonly onError = 'fail';
      readonly table = 'rows';
      refuse = () => undefined;
      createWriter() {
        return fn();
      }
    }
    assert.equal(Reflect.get(Object(call({ defineSink }, 'defineSink', new Rows())), 'name'), 'rows');
    assert.equal(Reflect.get(Object(call({ defineSink }, 'defineSink', Sinks.noop())), 'name'), 'noop');
  });
});
