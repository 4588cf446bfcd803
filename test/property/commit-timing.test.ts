import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CommitTiming } from '../../src/engine/durable/commit-timing.js';
import { fc } from '../support/fast-check.js';

const NEVER = Number.POSITIVE_INFINITY;

/** A commit: what it takes, how much is awaited at each port behind it, and the looks at it before the next one, each with that. */
const commitsOf = (ports: number) => {
  const awaited = fc.array(fc.nat({ max: 300 }), { minLength: ports, maxLength: ports });
  const look = fc.record({ afterMs: fc.double({ min: 0, max: 4, noNaN: true }), awaited });
  const commit = fc.record({
    tookMs: fc.double({ min: 0, max: 30, noNaN: true }),
    awaited,
    looks: fc.array(look, { maxLength: 6 }),
  });
  return fc.array(commit, { maxLength: 40 });
};

it('whatever happens, nothing waits when no answer is to come, and what waits is sealed at a deadline that is near and stands', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }).chain(commitsOf), (commits) => {
      const timing = new CommitTiming();
      let now = 0;
      for (const { tookMs, awaited, looks } of commits) {
        const sealedAt = now;
        timing.sealed(now);
        assert.equal(timing.deadline(), NEVER);
        now += tookMs;
        timing.durable(now, awaited);
        const longest = Math.max(sealedAt + 1, now + Math.min(3, Math.max(0.5, tookMs)));
        let deadline = NEVER;
        for (const look of looks) {
          now += look.afterMs;
          timing.observe(now, look.awaited);
          const waiting = timing.waits(now);
          if (!waiting) {
            // it is sealed
            assert.equal(timing.deadline(), NEVER);
            deadline = NEVER;
            break;
          }
          assert.ok(
            look.awaited.some((count) => count > 0),
            'for answers alone',
          );
          assert.ok(timing.deadline() > now && timing.deadline() <= longest);
          assert.ok(timing.deadline() <= deadline || awaited.length > 1, 'it is put off for another port alone');
          deadline = timing.deadline();
        }
        if (deadline === NEVER) continue;
        now = Math.max(now, longest);
        timing.observe(
          now,
          awaited.map(() => 300),
        );
        assert.ok(!timing.waits(now));
      }
    }),
  );
});

it('answers that never come in time cost no commit more than four waits', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.05, max: 30, noNaN: true }), { minLength: 5, maxLength: 30 }), (times) => {
      const timing = new CommitTiming();
      let now = 0;
      let waits = 0;
      for (const tookMs of times) {
        timing.sealed(now);
        now += tookMs;
        timing.durable(now, [1]);
        timing.observe(now, [1]);
        if (timing.waits(now)) {
          waits += 1;
          now = timing.deadline();
        }
        now += 0.001;
        timing.observe(now + 5, [1]);
      }
      assert.ok(waits <= 4);
    }),
  );
});
