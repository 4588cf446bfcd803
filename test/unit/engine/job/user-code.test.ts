import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  DeadLetters,
  Engine,
  MillraceError,
  MqttSinks,
  MqttSources,
  PermanentError,
  Pipeline,
  SinkBuilder,
  Sinks,
  SourceBuilder,
  TestSources,
} from '../../../../src/index.js';
import { LIMIT } from '../../../support/limits.js';

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof MillraceError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

const fails = (): never => {
  throw new PermanentError('ENOENT');
};

test(
  'what a createFn or an item function throws is the fault of the user, with the name of the part',
  LIMIT,
  async () => {
    const source = SourceBuilder.batch('files', fails)
      .fillBufferFn<number>(() => {})
      .build();
    const sink = SinkBuilder.sinkBuilder('rows', fails)
      .receiveFn<number>(() => {})
      .build();
    const cases = [
      ['files', source, Sinks.noop()],
      ['rows', TestSources.items(1), sink],
      ['itemStream', TestSources.itemStream(1000, fails), Sinks.noop()],
    ] as const;
    for (const [name, from, to] of cases) {
      const pipeline = Pipeline.create();
      pipeline.readFrom<number>(from).writeTo(to);
      await assert.rejects(Engine.embedded().newJob(pipeline).join(), (error) => {
        assert.match(String(error), new RegExp(`${name}.*ENOENT`));
        return hasCode('USER_FUNCTION_FAILED')(error);
      });
    }
  },
);

test(
  'an observer that throws, or whose promise is rejected, cannot harm the job, and is told once',
  LIMIT,
  async () => {
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.items(1)).writeTo(Sinks.noop());
    for (const onEvent of [async () => fails(), () => fails()]) {
      const warnings: Error[] = [];
      const hear = (warning: Error): number => warnings.push(warning);
      process.on('warning', hear);
      const job = Engine.embedded().newJob(pipeline, { name: 'watched', onEvent });
      await job.join();
      // an unhandled rejection, and further warnings, would come now
      await new Promise((resolve) => setImmediate(resolve));
      process.off('warning', hear);
      assert.equal(job.status, 'COMPLETED');
      assert.deepEqual(
        warnings.map(({ message }) => message.replace(/: ENOENT.*/, '')),
        ['job "watched": onEvent failed at "status"'],
      );
      assert.equal(Object(warnings[0]).code, 'MILLRACE_OBSERVER_FAILED');
    }
  },
);

test('a job that fails while nobody waits for it is a warning: what failed, where, and what to do', LIMIT, async () => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(1))
    .map(() => {
      throw new RangeError('out of cheese');
    })
    .writeTo(Sinks.noop());
  const warned = once(process, 'warning');
  Engine.embedded().newJob(pipeline, { name: 'unheard' });
  const [warning]: (Error & { code?: string; detail?: string })[] = await warned;
  assert.equal(warning?.code, 'MILLRACE_USER_FUNCTION_FAILED');
  assert.match(warning.message, /^job "unheard" failed: .*stage "map".* out of cheese$/);
  assert.match(
    warning.detail ?? '',
    /^caused by RangeError: out of cheese, at \/.*user-code\.test\.ts:\d+:\d+\nCatch the exception/,
  );
});

test('whoever waits for a job that is suspended while it starts learns when it runs', LIMIT, async () => {
  let open: (value: number) => void = () => {};
  let opened = 0;
  const source = SourceBuilder.stream('slow', ({ signal }) => {
    opened += 1;
    if (opened > 1) return 0;
    return new Promise<number>((resolve, reject) => {
      open = resolve;
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  })
    .fillBufferFn<number>(() => {})
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(Sinks.noop());
  await using job = Engine.embedded().newJob(pipeline);
  const running = job.whenRunning();
  await new Promise((resolve) => setImmediate(resolve));
  await job.suspend();
  open(0);
  await job.resume();
  await running;
});

test('one client id at one broker is refused between sources, sinks and dead-letter sinks', LIMIT, async () => {
  const reads = MqttSources.builder().clientId('twin-0').broker('tcp://localhost:1883').topic('a');
  const writes = MqttSinks.builder().clientId('twin').broker('mqtt://LOCALHOST').topic('b').build();
  const deadLetter = DeadLetters.topic({ clientId: 'twin', topic: 'dead' });
  const cases = [
    [reads.build(), writes],
    [reads.onError({ deadLetter }).build(), Sinks.noop()],
    [TestSources.items(1), MqttSinks.builder().clientId('twin').topic('b').onError({ deadLetter }).build()],
  ] as const;
  for (const [from, to] of cases) {
    const pipeline = Pipeline.create();
    pipeline.readFrom<unknown>(from).writeTo(to);
    assert.throws(() => Engine.embedded().newJob(pipeline), hasCode('DUPLICATE_SESSION'));
  }
  await assert.rejects(reads.onError({ deadLetter }).build().open(), hasCode('DUPLICATE_SESSION'));
});

test('one client id at one broker is refused between the jobs of an engine', LIMIT, async () => {
  await using engine = Engine.embedded();
  const pipelineOf = () => {
    const pipeline = Pipeline.create();
    const source = MqttSources.builder().clientId('twin-0').broker('mqtt://127.0.0.1:1').topic('a').build();
    pipeline.readFrom(source).writeTo(Sinks.noop());
    return pipeline;
  };
  const first = engine.newJob(pipelineOf());
  assert.throws(() => engine.newJob(pipelineOf()), hasCode('DUPLICATE_SESSION'));
  const writes = MqttSinks.builder().clientId('twin').broker('tcp://127.0.0.1:1').topic('b').build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.items(1)).writeTo(writes);
  assert.throws(() => engine.newJob(pipeline), hasCode('DUPLICATE_SESSION'));
  await first.cancel();
  await engine.newJob(pipelineOf()).cancel();
});

test('a createFn that hangs keeps no job from ending, and what it makes later is destroyed', LIMIT, async () => {
  for (const end of ['cancel', 'suspend', 'drain'] as const) {
    const destroyed: string[] = [];
    let open: (value: string) => void = () => {};
    const sink = SinkBuilder.sinkBuilder('hangs', () => new Promise<string>((resolve) => (open = resolve)))
      .receiveFn<number>(() => {})
      .destroyFn((made) => void destroyed.push(made))
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.items(1)).writeTo(sink);
    const job = Engine.embedded().newJob(pipeline);
    await new Promise((resolve) => setImmediate(resolve));
    await job[end]();
    open('late');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(destroyed, ['late']);
    await job.cancel();
  }
});
