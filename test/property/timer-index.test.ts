import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyText } from '../../src/pipeline/key-text.js';
import type { StateKey } from '../../src/pipeline/stage-state.js';
import { MemoryTimerIndex } from '../../src/pipeline/timers/memory-timer-index.js';
import type { IndexEntry } from '../../src/pipeline/timers/timer-index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';

/** Plain: all that is there, sorted each time. */
class Model {
  readonly #times = new Map<StateKey, number>();

  atOf(key: StateKey): number | undefined {
    return this.#times.get(key);
  }

  put(at: number, key: StateKey): void {
    this.#times.set(key, at);
  }

  remove(key: StateKey): void {
    this.#times.delete(key);
  }

  first(most: number): readonly IndexEntry[] {
    const all = [...this.#times].map(([key, at]) => ({ at, key, text: keyText(key) }));
    all.sort((one, other) => one.at - other.at || (one.text < other.text ? -1 : 1));
    return all.slice(0, most).map(({ at, key }) => ({ at, key }));
  }
}

type Step =
  | { readonly kind: 'wave'; readonly at: number; readonly from: number; readonly count: number }
  | { readonly kind: 'move'; readonly at: number; readonly key: number }
  | { readonly kind: 'take' | 'look'; readonly most: number }
  | { readonly kind: 'peek' };

/** Few times and many keys: most share one. */
const at = fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: fc.nat({ max: 5_000 }) });
const key = fc.nat({ max: 250 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wave' as const), at, from: key, count: key }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('move' as const), at, key }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('take' as const, 'look' as const), most: key }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'peek' as const }) },
);
const NAMED: ((index: number) => StateKey)[] = [
  (index) => `key ${index}`,
  (index) => index - 100,
  (index) => [`${index}`, index, BigInt(index), index % 2 === 0][index % 4] ?? '',
];

const play = (index: MemoryTimerIndex, model: Model, keyOf: (index: number) => StateKey) => {
  const remove = (key: StateKey): void => {
    const was = model.atOf(key);
    if (was === undefined) return;
    index.remove(was, key);
    model.remove(key);
  };
  const put = (at: number, key: StateKey): void => {
    remove(key);
    index.put(at, key);
    model.put(at, key);
  };
  return (step: Step): void => {
    if (step.kind === 'move') put(step.at, keyOf(step.key));
    else if (step.kind === 'wave')
      for (let number = step.from + step.count; number >= step.from; number -= 1) put(step.at, keyOf(number));
    else if (step.kind === 'peek') assert.equal(index.peek()?.key, model.first(1)[0]?.key);
    else {
      const first = index.first(step.most);
      assert.deepEqual(first, model.first(step.most));
      if (step.kind === 'take') for (const { key } of first) remove(key);
    }
  };
};

test('timers in memory are in the order of time, then of key: any moves, and many at one time', LIMIT, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.constantFrom(...NAMED), (steps, keyOf) => {
      const index = new MemoryTimerIndex();
      const model = new Model();
      const take = play(index, model, keyOf);
      for (const one of steps) {
        take(one);
        // without its key, by which they would be put in order each time
        assert.equal(index.peek()?.at, model.first(1)[0]?.at);
      }
    }),
    { numRuns: 300 },
  );
});
