import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AggregateOperations, Engine, Pipeline, Sinks, TestSources, WindowDefinition } from '../../../../src/index.js';
import { onDiagnostic } from '../../../../src/metrics/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

const HOUR = 3600_000;

describe('late items', LIMIT, () => {
  for (const guarantee of ['none', 'exactly-once'] as const) {
    it(`one timestamp that is ahead does not make all others late without a word, with the guarantee ${guarantee}`, async () => {
      const told: unknown[] = [];
      using _ = onDiagnostic('items-late', (data) => told.push(data));
      const source = new ManualSource<number>();
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(source.source)
        .withTimestamps((at) => at, 1000)
        .window(WindowDefinition.tumbling(1000))
        .aggregate(AggregateOperations.counting())
        .setName('counts')
        .writeTo(Sinks.noop());
      const engine = Engine.embedded({ stores: new MemoryStores() });
      const job = engine.newJob(pipeline, { name: 'late', processingGuarantee: guarantee });
      await job.whenRunning();
      // the source says that it polls at 0
      const push = async (at: number): Promise<void> => {
        source.push(at);
        await until(() => job.metrics().itemsReceived === source.items.length);
      };

      await push(10_000);
      await push(9_500);
      assert.deepEqual(told, [], 'nothing is late');
      await push(HOUR);
      for (let n = 1; n <= 9; n += 1) await push(10_000 + n);

      assert.deepEqual(
        told,
        [1, 2, 4, 8].map((items) => ({ job: 'late', stage: 'counts', items })),
      );
      assert.equal(job.metrics().itemsLate, 9);
      if (guarantee === 'exactly-once') {
        await job.suspend();
        await job.resume();
        await push(10_000);
        assert.equal(told.length, 4, 'a run goes on with the count of the one before');
      }
      await engine.shutdown();
    });
  }

  it('are told with the stage that drops them, where there are several', async () => {
    const told: unknown[] = [];
    using _ = onDiagnostic('items-late', (data) => told.push(data));
    const pipeline = Pipeline.create();
    const numbers = pipeline.readFrom(TestSources.items(1, 2_500, 1, 2, 3)).withTimestamps((at) => at, 0);
    for (const size of [1000, 2000, 10_000])
      numbers
        .window(WindowDefinition.tumbling(size))
        .aggregate(AggregateOperations.counting())
        .setName(`of ${size}`)
        .writeTo(Sinks.noop());
    const engine = Engine.embedded();
    const job = engine.newJob(pipeline, { name: 'late', processingGuarantee: 'none' });
    await job.join();

    assert.deepEqual(told, [
      { job: 'late', stage: 'of 1000', items: 3 },
      { job: 'late', stage: 'of 2000', items: 3 },
    ]);
    assert.equal(job.metrics().itemsLate, 6);
    await engine.shutdown();
  });
});
