import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PubcompQueue } from '../../src/mqtt/protocol/session/finished/pubcomp-queue.js';
import { fromIdRuns } from '../../src/mqtt/protocol/session/inbound/id-runs.js';
import { fc } from '../support/fast-check.js';

/** Ids follow each other, as a counting broker gives them, or come round soon, as one does that takes the lowest free one. */
const STEP = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('jump' as const), to: fc.integer({ min: 1, max: 1200 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
);

type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

/** The same as a list with a place for each, 0 for what was taken out. */
class Play {
  readonly queue = new PubcompQueue();
  places: number[] = [];
  passed = 0;
  #id = 0;

  take(step: Step): void {
    if (step.kind === 'push') for (let n = 0; n < step.count; n += 1) this.#push();
    else if (step.kind === 'jump') this.#id = step.to;
    else if (step.kind === 'shift') for (let n = 0; n < step.count && this.places.length > 0; n += 1) this.#shift();
    else if (step.kind === 'delete') this.#delete(this.places[step.which % (this.places.length + 1)] ?? 7);
    else {
      this.passed += this.places.length;
      this.places = [];
      this.queue.clear();
    }
  }

  #push(): void {
    this.#id = (this.#id % 65_535) + 1;
    this.#forget(this.#id);
    this.places.push(this.#id);
    this.queue.push(this.#id);
  }

  #shift(): void {
    this.passed += 1;
    assert.equal(this.queue.shift(), this.places.shift());
  }

  #delete(id: number): void {
    this.#forget(id);
    this.queue.delete(id);
  }

  #forget(id: number): void {
    const at = this.places.indexOf(id);
    if (at >= 0 && id > 0) this.places[at] = 0;
  }
}

it('PUBCOMPs without a fence keep their places, whatever leaves, and the ids that are there come as runs', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 30 }), (steps) => {
      const play = new Play();
      for (const step of steps) {
        play.take(step);
        const { queue, places, passed } = play;
        const ids = places.filter((id) => id > 0);
        assert.deepEqual(fromIdRuns(queue.runs()), ids);
        assert.equal(queue.passed, passed);
        assert.equal(queue.written, passed + places.length);
        for (const id of [1, 500, 1200, ids[0] ?? 3]) assert.equal(queue.has(id), ids.includes(id));
      }
    }),
    { numRuns: 200 },
  );
});
