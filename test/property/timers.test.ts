import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedStates } from '../../src/engine/state/keyed-states.js';
import { MEMORY_KEEPER } from '../../src/pipeline/compile/memory/memory-keeper.js';
import { StateCodecs } from '../../src/pipeline/index.js';
import type { DueTimer, StageTimers } from '../../src/pipeline/timers/stage-timers.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { StateStore } from '../support/store/state-store.js';

const STAGE = { name: 's', codec: StateCodecs.structuredClone(), timed: true };
const KEYS = ['a', 'b', 'c', 'd'];
const NAMES = ['x', 'y', ''];

/** Plain: all that is set, looked through each time. */
class Model {
  readonly set = new Map<string, DueTimer>();

  copy(): Model {
    const copy = new Model();
    for (const [id, timer] of this.set) copy.set.set(id, timer);
    return copy;
  }

  put(timer: DueTimer): void {
    this.set.set(idOf(timer), timer);
  }

  clear(timer: Pick<DueTimer, 'key' | 'name'>): void {
    this.set.delete(idOf(timer));
  }

  first(now: number): DueTimer | undefined {
    const due = [...this.set.values()].filter(({ at }) => at <= now);
    return due.sort((one, other) => (isBefore(one, other) ? -1 : 1))[0];
  }

  get pending(): number {
    return [...this.set.values()].filter(({ name }) => name !== '').length;
  }
}

const idOf = ({ key, name }: Pick<DueTimer, 'key' | 'name'>): string => `${String(key)} ${name}`;
const isBefore = (one: DueTimer, other: DueTimer): boolean =>
  one.at !== other.at ? one.at < other.at : idOf(one) < idOf(other);

interface Change {
  readonly key: string;
  readonly name: string;
  /** Undefined: cleared. */
  readonly at: number | undefined;
}
type Step =
  | { readonly kind: 'change' | 'given-up'; readonly changes: readonly Change[] }
  | { readonly kind: 'unit'; readonly stays: boolean; readonly changes: readonly Change[] }
  | { readonly kind: 'fire'; readonly now: number; readonly most: number }
  | { readonly kind: 'seal' | 'commit' | 'crash' };

const changes = fc.array(
  fc.record({
    key: fc.constantFrom(...KEYS),
    name: fc.constantFrom(...NAMES),
    at: fc.option(fc.nat({ max: 60 }), { nil: undefined, freq: 4 }),
  }),
  { minLength: 1, maxLength: 5 },
);
const inMemory: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('change' as const), changes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('given-up' as const), changes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fire' as const),
      now: fc.nat({ max: 60 }),
      most: fc.integer({ min: 1, max: 5 }),
    }),
  },
);
const overStore: fc.Arbitrary<Step> = fc.oneof(
  { weight: 11, arbitrary: inMemory },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unit' as const), stays: fc.boolean(), changes }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'seal' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

const apply = (timers: StageTimers, model: Model, list: readonly Change[]): void => {
  for (const { key, name, at } of list) {
    if (at === undefined) {
      timers.clear(key, name);
      model.clear({ key, name });
    } else {
      timers.set(key, name, at);
      model.put({ key, name, at });
    }
    assert.equal(timers.at(key, name), at);
  }
};

/** As an input that is given up: each key is put back. */
const giveUp = (timers: StageTimers, model: Model, list: readonly Change[]): void => {
  const restorers = [...new Set(list.map(({ key }) => key))].map((key) => timers.restorer(key));
  apply(timers, model.copy(), list);
  for (const restore of restorers) restore();
};

const MOST_LOOKS = 1000;

const fire = (timers: StageTimers, model: Model, { now, most }: Extract<Step, { kind: 'fire' }>): void => {
  for (let looks = 0; timers.nextAt() <= now; looks += 1) {
    assert.ok(looks < MOST_LOOKS, 'each look fires some, or moves some');
    for (const due of timers.due(now, most)) {
      if (!timers.isFirst(due)) continue;
      assert.deepEqual(due, model.first(now));
      timers.clear(due.key, due.name);
      model.clear(due);
    }
  }
  assert.equal(model.first(now), undefined, 'all that was due has fired');
};

const play = (timers: StageTimers, model: Model, step: Step): void => {
  if (step.kind === 'change') apply(timers, model, step.changes);
  if (step.kind === 'given-up') giveUp(timers, model, step.changes);
  if (step.kind === 'fire') fire(timers, model, step);
  assert.equal(timers.pending, model.pending);
};

const checkStored = async (steps: readonly Step[]): Promise<void> => {
  const limits = { maxEntries: 4, maxBytes: 1e6 };
  const bundles = { fewest: 2, maxStates: 6, maxBytes: 1e6 };
  const rig = new StateStore((overlay, store) => new KeyedStates({ stages: [STAGE], overlay, store, limits, bundles }));
  let now = new Model();
  let sealed: Model | undefined;
  let durable = new Model();
  await rig.start();
  const timersNow = (): StageTimers => rig.subject.timersOf(STAGE);
  try {
    for (const step of steps) {
      if (step.kind === 'seal' && sealed === undefined) {
        sealed = now.copy();
        rig.seal();
      } else if (step.kind === 'commit' && sealed !== undefined) {
        durable = sealed;
        sealed = undefined;
        await rig.commit();
      } else if (step.kind === 'crash') {
        now = durable.copy();
        sealed = undefined;
        await rig.restart();
      } else if (step.kind === 'unit') {
        const before = now.copy();
        rig.unit(() => apply(timersNow(), now, step.changes), step.stays);
        if (!step.stays) now = before;
      }
      play(timersNow(), now, step);
    }
    await rig.restart();
    fire(timersNow(), durable, { kind: 'fire', now: 100, most: 3 });
  } finally {
    await rig.stop();
  }
};

test(
  'stored timers fire as a plain list of them would, through any seals, commits, crashes and undone units',
  LIMIT,
  async () => {
    const steps = fc.array(overStore, { maxLength: 80, size: 'max' });
    await fc.assert(fc.asyncProperty(steps, checkStored), { numRuns: 400 });
  },
);

test('timers in memory fire as a plain list of them would', LIMIT, () => {
  const check = (steps: readonly Step[]): void => {
    const timers = MEMORY_KEEPER.timersOf(STAGE);
    const model = new Model();
    for (const step of steps) play(timers, model, step);
  };
  fc.assert(fc.property(fc.array(inMemory, { maxLength: 150, size: 'max' }), check), { numRuns: 400 });
});
