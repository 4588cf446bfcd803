import assert from 'node:assert/strict';
import { compilePipeline } from '../../../src/pipeline/compile/compile-pipeline.js';
import type { Fragment, FragmentRun } from '../../../src/pipeline/compile/fragment/fragment.js';
import type { PipelinePlan, TimedStagePlan } from '../../../src/pipeline/compile/pipeline-plan.js';
import { Pipeline } from '../../../src/pipeline/pipeline.js';
import { Sinks } from '../../../src/pipeline/samples/sinks.js';
import { TestSources } from '../../../src/pipeline/samples/test-sources.js';
import type { SourceStage, Stage } from '../../../src/pipeline/stage.js';

const ALL = { budget: Number.POSITIVE_INFINITY, pauseAfter: Number.POSITIVE_INFINITY };

/** Each look fires some of what is due, or moves some. */
const MOST_LOOKS = 10_000;

/** One pipeline without an engine: items and time come from the test. */
export class TimedRig<T> {
  readonly plan: PipelinePlan;
  readonly out: unknown[] = [];

  constructor(build: (source: SourceStage<T>) => Stage<unknown>) {
    const pipeline = Pipeline.create();
    build(pipeline.readFrom(TestSources.items<T>())).writeTo(Sinks.noop());
    this.plan = compilePipeline(pipeline.toGraph());
  }

  get timed(): TimedStagePlan {
    const [timed] = this.plan.timedStages;
    assert.ok(timed);
    return timed;
  }

  /** Time passes: what is due until then fires at that time. */
  at(now: number): this {
    this.plan.processingClock.now = now;
    const { timers, fragment } = this.timed;
    for (let looks = 0; timers.nextAt() <= now; looks += 1) {
      assert.ok(looks < MOST_LOOKS, 'what is due comes to an end');
      const due = timers.due(now, 100);
      const run = this.#run(fragment, due);
      assert.equal(run.failure?.cause, undefined);
    }
    return this;
  }

  /** Items come at the present time. */
  take(...items: readonly T[]): FragmentRun {
    const [source] = this.plan.sources;
    assert.ok(source);
    return this.#run(source.fragment, items);
  }

  /** What has gone on since it was asked last. */
  taken(): unknown[] {
    return this.out.splice(0);
  }

  #run(fragment: Fragment, inputs: readonly unknown[]): FragmentRun {
    const run = fragment.run(inputs, 0, ALL);
    for (const outlet of fragment.outlets) this.out.push(...outlet.items.splice(0));
    return run;
  }
}
