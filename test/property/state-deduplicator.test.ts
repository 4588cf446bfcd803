import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deduplicator } from '../../src/engine/state/deduplicator.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { StateStore } from '../support/store/state-store.js';

type Step =
  | { readonly kind: 'item'; readonly key: number; readonly laterMs: number }
  | { readonly kind: 'seal' | 'commit' | 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('item' as const),
      key: fc.nat({ max: 12 }),
      laterMs: fc.integer({ min: -3, max: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'seal' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

const keyOf = (key: number): string => (key % 4 === 0 ? `${'long/'.repeat(400)}${key}` : `key-${key}`);

/** Keys with their time, oldest first; a key that came again after its time has moved to the end. */
interface Model {
  readonly known: Map<string, number>;
  latestMs: number;
}

const isNew = (model: Model, { key, nowMs, ttlMs, maxEntries }: Asked): boolean => {
  model.latestMs = Math.max(model.latestMs, nowMs);
  for (const [one, timeMs] of model.known) if (model.latestMs - timeMs >= ttlMs) model.known.delete(one);
  if (model.known.has(key)) return false;
  model.known.set(key, model.latestMs);
  for (const [one] of model.known) if (model.known.size > maxEntries) model.known.delete(one);
  return true;
};

interface Asked {
  readonly key: string;
  readonly nowMs: number;
  readonly ttlMs: number;
  readonly maxEntries: number;
}

async function check(steps: readonly Step[], limits: { ttlMs: number; maxEntries: number }): Promise<void> {
  const rig = new StateStore((overlay) => new Deduplicator({ name: 'a/b', limits, overlay }));
  let now: Model = { known: new Map(), latestMs: Number.NEGATIVE_INFINITY };
  let durable = structuredClone(now);
  let sealed: Model | undefined;
  let nowMs = 1_000_000;
  await rig.start();
  try {
    for (const one of steps) {
      switch (one.kind) {
        case 'item': {
          nowMs += one.laterMs;
          const key = keyOf(one.key);
          assert.equal(rig.subject.isNew(key, nowMs), isNew(now, { key, nowMs, ...limits }));
          assert.ok(rig.subject.size <= limits.maxEntries, `${rig.subject.size} keys`);
          break;
        }
        case 'seal':
          if (sealed !== undefined || !rig.subject.changed) break;
          sealed = structuredClone(now);
          rig.seal();
          break;
        case 'commit':
          if (sealed === undefined) break;
          durable = sealed;
          sealed = undefined;
          await rig.commit();
          break;
        case 'crash':
          now = structuredClone(durable);
          sealed = undefined;
          await rig.restart();
          break;
      }
    }
  } finally {
    await rig.stop();
  }
}

test(
  'a deduplicator knows what a list of keys and times would, through any commits, crashes and restarts',
  LIMIT,
  async () => {
    const limits = fc.record({ ttlMs: fc.constantFrom(5, 40, 1e9), maxEntries: fc.constantFrom(1, 2, 7, 1000) });
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 150, size: 'max' }), limits, check), { numRuns: 250 });
  },
);
