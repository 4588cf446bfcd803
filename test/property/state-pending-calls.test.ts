import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryStrategies } from '../../src/connector/retry/retry-strategies.js';
import { DurableCallLane } from '../../src/engine/durable/call-lane.js';
import { createFrame } from '../../src/engine/tick/lanes/frame.js';
import type { Slot } from '../../src/engine/tick/lanes/slot.js';
import type { AsyncStagePlan } from '../../src/pipeline/compile/pipeline-plan.js';
import { StateCodecs } from '../../src/pipeline/index.js';
import { PendingTimes } from '../../src/pipeline/time/pending-times.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { StateStore } from '../support/store/state-store.js';

const PLAN: AsyncStagePlan = {
  vertex: 0,
  name: 'look/up',
  maxConcurrency: 3,
  codec: StateCodecs.structuredClone(),
  fragment: {
    outlets: [],
    takeLate: () => [],
    run: (items) => ({ next: items.length, paused: false, failure: undefined, rejected: [] }),
  },
  downstream: { sinks: [], asyncStages: [], stages: [] },
  retry: { retryStrategy: RetryStrategies.never(), classifyErrorFn: undefined },
  timeoutMs: Number.POSITIVE_INFINITY,
  pending: new PendingTimes({ watermark: 0, pace: 'going' }),
  call: () => undefined,
};

type Step =
  | { readonly kind: 'take'; readonly count: number }
  | { readonly kind: 'settle'; readonly which: number }
  | { readonly kind: 'call' | 'pass' | 'seal' | 'commit' | 'crash' };

const simple = (kind: 'call' | 'pass' | 'seal' | 'commit' | 'crash', weight: number) => ({
  weight,
  arbitrary: fc.constant({ kind }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat({ max: 2 }) }) },
  simple('call', 9),
  simple('pass', 6),
  simple('seal', 4),
  simple('commit', 4),
  simple('crash', 1),
);

/** What a job with this stage alone has: the position of its source, and the outputs that are in the outbox. */
interface Effect {
  readonly position: number;
  readonly outputs: readonly number[];
}

class Job {
  readonly rig = new StateStore((_overlay, store) => new DurableCallLane(PLAN, store));
  #calls: Slot[] = [];
  #now: Effect = { position: 0, outputs: [] };
  #sealed: Effect | undefined;
  #durable: Effect = { position: 0, outputs: [] };

  get outputs(): readonly number[] {
    return this.#now.outputs;
  }

  async run(one: Step): Promise<void> {
    const lane = this.rig.subject;
    switch (one.kind) {
      case 'take': {
        const { position, outputs } = this.#now;
        const items = Array.from({ length: one.count }, (_, index) => ({ n: position + index }));
        const polled = {
          items,
          timestampMs: 0,
          first: position,
          last: position + one.count - 1,
          bytes: 0,
          rejected: [],
        };
        const frame = createFrame('numbers', { ...polled, done: false });
        const times = items.map(({ n }) => ({ timestamp: n, watermark: n === 0 ? Number.NEGATIVE_INFINITY : n - 5 }));
        lane.enqueue({ items, origins: items.map((_, index) => index), times, frame });
        assert.equal(frame.holds, 1, 'its own processing');
        this.#now = { position: position + one.count, outputs };
        break;
      }
      case 'call': {
        const slot = lane.takeCall();
        if (slot === undefined) break;
        // a call may do what it likes with its item
        const item = slot.item as { n: number };
        const watermark = item.n === 0 ? Number.NEGATIVE_INFINITY : item.n - 5;
        assert.deepEqual(slot.time, { timestamp: item.n, watermark }, 'it has the time with which it came');
        this.#calls.push(Object.assign(slot, { value: item.n }));
        item.n = -1;
        assert.ok(this.#calls.filter(({ settled }) => settled === undefined).length <= PLAN.maxConcurrency);
        break;
      }
      case 'settle': {
        const [slot] = this.#calls.splice(one.which, 1);
        if (slot !== undefined && 'value' in slot) slot.settled = { kind: 'value', value: slot.value };
        break;
      }
      case 'pass':
        this.#pass(lane);
        break;
      default:
        await this.#store(one.kind);
    }
  }

  /** As the tick machine does it. */
  #pass(lane: DurableCallLane): void {
    for (let slots = lane.takeSettled(); slots[0] !== undefined; slots = lane.takeSettled()) {
      const values = slots.map(({ settled }) => (settled?.kind === 'value' ? Number(settled.value) : Number.NaN));
      this.#now = { ...this.#now, outputs: [...this.#now.outputs, ...values] };
      slots[0].frame.holds -= slots.length;
    }
  }

  async #store(kind: Step['kind']): Promise<void> {
    if (kind === 'crash') {
      this.#now = this.#durable;
      this.#sealed = undefined;
      this.#calls = [];
      await this.rig.restart();
      assert.equal(this.rig.subject.idle, this.#now.outputs.length === this.#now.position);
    } else if (kind === 'seal' && this.#sealed === undefined) {
      this.#sealed = this.#now;
      this.rig.seal();
      assert.equal(this.rig.subject.changed, false);
    } else if (kind === 'commit' && this.#sealed !== undefined) {
      this.#durable = this.#sealed;
      this.#sealed = undefined;
      await this.rig.commit();
    }
  }

  /** Lets all calls end and be passed on. */
  async finish(): Promise<void> {
    for (let left = this.#now.position; !this.rig.subject.idle; left -= 1) {
      assert.ok(left >= 0, 'it never ends');
      await this.run({ kind: 'call' });
      await this.run({ kind: 'settle', which: 0 });
      await this.run({ kind: 'pass' });
    }
  }

  get position(): number {
    return this.#now.position;
  }
}

test(
  'every item of a mapAsync stage has its effect once and in order, through any commits, crashes and restarts',
  LIMIT,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200, size: 'max' }), async (steps) => {
        const job = new Job();
        await job.rig.start();
        try {
          for (const one of steps) await job.run(one);
          await job.run({ kind: 'commit' });
          await job.run({ kind: 'crash' });
          await job.finish();
          assert.deepEqual(
            job.outputs,
            Array.from({ length: job.position }, (_, index) => index),
          );
          await job.run({ kind: 'seal' });
          await job.run({ kind: 'commit' });
          assert.ok(job.rig.keys().length <= 1, `left: ${job.rig.keys()}`);
        } finally {
          await job.rig.stop();
        }
      }),
      { numRuns: 250 },
    );
  },
);
