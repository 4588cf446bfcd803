import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedStates } from '../../src/engine/state/keyed-states.js';
import type { BundleLimits } from '../../src/engine/state/state-bundles.js';
import type { CacheLimits } from '../../src/engine/state/state-cache.js';
import { StateCodecs, type StateKey } from '../../src/pipeline/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { StateStore } from '../support/store/state-store.js';

const STAGES = ['totals', 'totals/sa', 'totals-2'].map((name) => ({
  name,
  codec: StateCodecs.structuredClone(),
  timed: false,
}));
const LONG = 'k'.repeat(3000);
/** Pairs that a careless coding of keys would take for one. */
const KEYS: readonly StateKey[] = [
  ...[1, '1', 1n, true, 'true', 'bt', 0, -1, 0.5, '', 'a', 'a/b', 'a/sb', 'b'],
  ...[LONG, `${LONG}x`, '\ud800', '\ud801', '\ufffd', '€'.repeat(600), 10n ** 2000n],
];

interface Counter {
  count: number;
  readonly notes: string[];
}

type Step =
  | { readonly kind: 'touch' | 'read' | 'remove'; readonly stage: number; readonly key: number }
  | { readonly kind: 'all'; readonly stage: number }
  | { readonly kind: 'unit'; readonly stays: boolean; readonly touched: readonly Touched[] }
  | { readonly kind: 'seal' | 'commit' | 'crash' };

interface Touched {
  readonly stage: number;
  readonly key: number;
}

const target = { stage: fc.nat({ max: STAGES.length - 1 }), key: fc.nat({ max: KEYS.length - 1 }) };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('touch' as const), ...target }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), ...target }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), ...target }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('unit' as const),
      stays: fc.boolean(),
      touched: fc.array(fc.record(target), { maxLength: 6 }),
    }),
  },
  // all keys of a stage at once: they are busy
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('all' as const), stage: target.stage }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'seal' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

type Model = Map<string, Counter>;
const nameOf = (stage: number, key: number): string => `${stage} ${key}`;
const copyOf = (model: Model): Model => structuredClone(model);

/** What must be seen: the running state, what was sealed, and what is durable. */
class Models {
  now: Model = new Map();
  sealed: Model | undefined;
  durable: Model = new Map();
}

async function check(steps: readonly Step[], limits: CacheLimits, bundles: BundleLimits): Promise<void> {
  const rig = new StateStore((overlay, store) => new KeyedStates({ stages: STAGES, overlay, store, limits, bundles }));
  const models = new Models();
  const stateOf = (stage: number) => {
    const one = STAGES[stage];
    assert.ok(one);
    return rig.subject.stateOf(one);
  };
  const keyOf = (key: number): StateKey => KEYS[key] ?? '';
  const touch = ({ stage, key }: Touched, note: string): void => {
    const change = (counter: Counter): void => {
      counter.count += 1;
      counter.notes.push(note);
    };
    const modelled = models.now.get(nameOf(stage, key)) ?? { count: 0, notes: [] };
    change(modelled);
    models.now.set(nameOf(stage, key), modelled);
    const state = stateOf(stage);
    const counter = (state.get(keyOf(key)) as Counter | undefined) ?? { count: 0, notes: [] };
    change(counter);
    state.set(keyOf(key), counter);
  };
  await rig.start();
  try {
    for (const [index, one] of steps.entries()) {
      switch (one.kind) {
        case 'touch':
          touch(one, `${index}`);
          break;
        case 'all':
          for (const [key] of KEYS.entries()) touch({ stage: one.stage, key }, `${index}`);
          break;
        case 'unit': {
          const before = copyOf(models.now);
          rig.unit(() => {
            for (const each of one.touched) touch(each, `${index}`);
          }, one.stays);
          if (!one.stays) models.now = before;
          break;
        }
        case 'read':
          assert.deepEqual(stateOf(one.stage).get(keyOf(one.key)), models.now.get(nameOf(one.stage, one.key)));
          break;
        case 'remove':
          models.now.delete(nameOf(one.stage, one.key));
          stateOf(one.stage).remove(keyOf(one.key));
          break;
        case 'seal':
          if (models.sealed !== undefined) break;
          models.sealed = copyOf(models.now);
          rig.seal();
          assert.equal(rig.subject.changed, false);
          assert.equal(rig.subject.changedBytes, 0);
          break;
        case 'commit':
          if (models.sealed === undefined) break;
          models.durable = models.sealed;
          models.sealed = undefined;
          await rig.commit();
          break;
        case 'crash':
          models.now = copyOf(models.durable);
          models.sealed = undefined;
          await rig.restart();
          break;
      }
    }
    await rig.restart();
    for (const [stage] of STAGES.entries()) {
      for (const [key] of KEYS.entries()) {
        assert.deepEqual(stateOf(stage).get(keyOf(key)), models.durable.get(nameOf(stage, key)));
      }
    }
  } finally {
    await rig.stop();
  }
}

test(
  'keyed state is what a map would be, through any seals, commits, crashes and restarts, with any cache',
  LIMIT,
  async () => {
    const limits = fc.record({ maxEntries: fc.constantFrom(0, 1, 3, 9, 1000), maxBytes: fc.constantFrom(0, 700, 1e6) });
    const bundles = fc.record({
      fewest: fc.constantFrom(0, 1, 2, 5),
      maxStates: fc.constantFrom(0, 3, 20, 1000),
      maxBytes: fc.constantFrom(0, 200, 1e6),
    });
    const steps = fc.array(step, { maxLength: 150, size: 'max' });
    await fc.assert(fc.asyncProperty(steps, limits, bundles, check), { numRuns: 400 });
  },
);
