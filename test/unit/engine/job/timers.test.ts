import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Engine, type JobOptions, Pipeline, Sinks } from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { tempDir } from '../../../support/temp-dir.js';
import { until } from '../../../support/until.js';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OPTIONS: JobOptions = { name: 'silence', processingGuarantee: 'exactly-once' };

/** Tells devices that are silent for a minute, and how late it tells that. */
const silence = (source: ManualSource<string>, out: string[]): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source.source)
    .groupingKey((device) => device)
    .mapStateful(
      () => ({ readings: 0 }),
      (state, _device, _reading, timers) => {
        state.readings += 1;
        timers.set('silence', timers.now + MINUTE);
      },
      {
        onTimer: ({ readings }, device, { at }, { now }) =>
          `${device} ${readings} ${(at - START) / MINUTE} ${(now - at) / MINUTE}`,
      },
    )
    .setName('silence')
    .writeTo(Sinks.list(out));
  return pipeline;
};

/** The clock of the machine, which stands where a test puts it; what waits by it looks when it is woken. */
const clockOf = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['Date'], now: START });
  return (ms: number) => t.mock.timers.setTime(START + ms);
};

describe('jobs with timers', SUITE_LIMIT, () => {
  for (const kind of ['in memory', 'in a directory'] as const) {
    it(`with a store ${kind}: after hours without a run, what was due fires once and in order, and what was not stays set`, async (t) => {
      const setTime = clockOf(t);
      const dir = tempDir('timers');
      let memory = new MemoryStores();
      const source = new ManualSource<string>({ defaultGuarantee: 'exactly-once' });
      const out: string[] = [];
      const run = async (work: () => Promise<unknown>): Promise<void> => {
        const engine = kind === 'in memory' ? Engine.embedded({ stores: memory }) : Engine.embedded({ dir });
        const job = engine.newJob(silence(source, out), OPTIONS);
        await job.whenRunning();
        await work();
        await job.drain();
        await engine.shutdown();
        memory = new MemoryStores(memory);
      };
      const push = async (...devices: readonly string[]): Promise<void> => {
        source.push(...devices);
        await until(() => source.acknowledged === source.items.length);
      };
      await run(async () => {
        await push('b', 'a', 'c');
        setTime(MINUTE / 2);
        await push('b');
      });
      setTime(5 * HOUR);
      await run(async () => {
        await until(() => out.length >= 3);
        await push('c');
      });
      assert.deepEqual(out, ['a 1 1 299', 'c 1 1 299', 'b 2 1.5 298.5']);
      setTime(5 * HOUR + MINUTE / 2);
      await run(async () => push('d'));
      assert.equal(out.length, 3, 'nothing was due, and nothing has fired again');
      setTime(5 * HOUR + MINUTE);
      await run(() => until(() => out.length >= 4));
      assert.equal(out[3], 'c 2 301 0');
    });
  }

  it('stands still where the clock of the machine is set back, and goes on where it has caught up', async (t) => {
    const setTime = clockOf(t);
    const source = new ManualSource<string>();
    const times: number[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .groupingKey((key) => key)
      .flatMapStateful(
        () => ({}),
        (_state, _key, _item, { now }) => [(now - START) / MINUTE],
      )
      .writeTo(Sinks.list(times));
    const engine = Engine.embedded();
    const job = engine.newJob(pipeline, { processingGuarantee: 'none' });
    await job.whenRunning();
    for (const minutes of [10, 5, 9, 11]) {
      const before = times.length;
      setTime(minutes * MINUTE);
      source.push('a');
      await until(() => times.length > before);
    }
    await engine.shutdown();
    assert.deepEqual(times, [10, 10, 10, 11]);
  });

  it('wakes for a timer though nothing comes in, and ends with its last one when its source has ended', async () => {
    const source = new ManualSource<string>();
    const out: string[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .groupingKey((key) => key)
      .debounce(30)
      .writeTo(Sinks.list(out));
    const engine = Engine.embedded();
    const job = engine.newJob(pipeline, { processingGuarantee: 'none' });
    source.push('a');
    source.end();
    await job.join();
    assert.deepEqual(out, ['a']);
    await engine.shutdown();
  });

  it('shows how many timers a stage has set', async () => {
    const source = new ManualSource<string>({ defaultGuarantee: 'exactly-once' });
    for (const stores of [undefined, new MemoryStores()]) {
      const engine = stores === undefined ? Engine.embedded() : Engine.embedded({ stores });
      const guarantee = stores === undefined ? 'none' : 'exactly-once';
      const job = engine.newJob(silence(source, []), { ...OPTIONS, processingGuarantee: guarantee });
      await job.whenRunning();
      source.push('x', 'y', 'x');
      const gauge = () =>
        job.metrics().samples.find(({ name }) => name === 'millrace_job_timers') ?? assert.fail('there is no gauge');
      await until(() => gauge().value === 2);
      assert.equal(gauge().labels.stage, 'silence');
      await job.drain();
      await engine.shutdown();
    }
  });
});
