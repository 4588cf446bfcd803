import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterOptionProblems } from '../../../../src/cluster/engine/cluster-options.js';
import {
  AggregateOperations,
  Engine,
  MqttSources,
  Pipeline,
  SinkBuilder,
  Sinks,
  TestSources,
} from '../../../../src/index.js';

const mqtt = () => MqttSources.builder().broker('mqtt://127.0.0.1').topic('x');

const pipeline = () => {
  const one = Pipeline.create();
  one.readFrom(TestSources.items(1)).writeTo(Sinks.noop());
  return one;
};

/** By the option: what refuses it, as JavaScript may give it. */
const NUMBERS: Readonly<Record<string, (value: never) => unknown>> = {
  protocolVersion: (protocolVersion) =>
    mqtt()
      .connectOptionsFn(() => ({ protocolVersion }))
      .build(),
  timeoutMs: (timeoutMs) =>
    SinkBuilder.sinkBuilder('s', () => ({}))
      .receiveFn(() => {})
      .timeoutMs(timeoutMs)
      .build(),
  percentiles: (value) => AggregateOperations.percentiles(Number, [value]),
  minBackoffMs: (minBackoffMs) => Engine.embedded().newJob(pipeline(), { name: 'j', restart: { minBackoffMs } }),
};

describe('what an option of a number is refused with', () => {
  for (const [name, give] of Object.entries(NUMBERS))
    it(`${name}: shows the value, and tells a bigint from a number`, () => {
      for (const [value, shown] of [
        [-7, 'not -7'],
        [Number.NaN, 'not NaN'],
        [7n, 'not the bigint 7'],
      ] as const)
        assert.throws(() => give(value as never), { code: 'INVALID_OPTIONS', message: new RegExp(shown) });
    });

  it('of a cluster: the same, and what is no number is none', () => {
    for (const name of ['leaseMs', 'replicas', 'standbys'])
      for (const [value, shown] of [
        [-7, '-7'],
        [Number.NaN, 'NaN'],
        [1000n, 'the bigint 1000'],
      ] as const) {
        const [problem = ''] = clusterOptionProblems({ [name]: value });
        assert.match(problem, new RegExp(`^${name} must be .*, not ${shown}$`));
      }
  });
});

describe('what takes any number of arguments', () => {
  it('takes 100,000', async () => {
    const numbers = Array.from({ length: 100_000 }, (_, index) => index);
    const out: number[] = [];
    const all = Pipeline.create();
    all.readFrom(TestSources.items(...numbers)).writeTo(Sinks.list(out));
    const engine = Engine.embedded();
    await engine.newJob(all, { name: 'all' }).join();
    assert.deepEqual(out, numbers);
    await engine.shutdown();
  });
});
