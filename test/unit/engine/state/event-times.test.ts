import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoredEventTimes } from '../../../../src/engine/state/stored-event-times.js';
import { Pipeline, Sinks, TestSources } from '../../../../src/index.js';
import { compilePipeline } from '../../../../src/pipeline/compile/compile-pipeline.js';
import type { PipelinePlan } from '../../../../src/pipeline/compile/pipeline-plan.js';
import { StateStore } from '../../../support/store/state-store.js';

/** Of a source, and of two that meet in front of a call. */
const plan = (): PipelinePlan => {
  const pipeline = Pipeline.create();
  const [one, other] = ['one', 'other'].map((name) =>
    pipeline
      .readFrom(TestSources.items(1))
      .setName(name)
      .withTimestamps((n) => n, 0),
  );
  assert.ok(one && other);
  one
    .merge(other)
    .mapAsync((n) => n)
    .writeTo(Sinks.noop());
  return compilePipeline(pipeline.toGraph());
};

class Rig {
  #plan = plan();
  readonly rig = new StateStore((overlay) => {
    this.#plan = plan();
    return new StoredEventTimes(this.#plan.times ?? assert.fail('it has timestamps'), overlay);
  });

  observe(name: string, timestamp: number): void {
    const source = this.#plan.sources.find((one) => one.name === name);
    source?.watermarks[0]?.observe(timestamp);
  }

  /** Of both sources, and of where they meet. */
  get watermarks(): readonly (number | undefined)[] {
    const { sources, asyncStages } = this.#plan;
    return [...sources.flatMap(({ watermarks }) => watermarks), ...asyncStages.map(({ pending }) => pending)].map(
      (one) => one?.watermark,
    );
  }
}

test('what a unit that is undone has moved is as it was before it, in the store too', async () => {
  const rig = new Rig();
  await rig.rig.start();
  rig.observe('one', 100);
  rig.observe('other', 50);
  rig.rig.unit(() => rig.observe('other', 70), true);
  assert.deepEqual(rig.watermarks, [100, 70, 70]);
  rig.rig.unit(() => {
    rig.observe('one', 500);
    rig.observe('other', 400);
    assert.deepEqual(rig.watermarks, [500, 400, 400]);
  }, false);
  assert.deepEqual(rig.watermarks, [100, 70, 70]);
  rig.rig.seal();
  assert.equal(rig.rig.subject.changed, false);
  await rig.rig.commit();
  await rig.rig.restart();
  assert.deepEqual(rig.watermarks, [100, 70, 70]);
  rig.observe('one', 99);
  assert.equal(rig.rig.subject.changed, false, 'it has not moved');
  rig.observe('one', 101);
  assert.equal(rig.rig.subject.changed, true);
  await rig.rig.stop();
});
