import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { type DigestPage, MessageDigests } from '../../src/mqtt/protocol/session/finished/message-digests.js';

const RUN = fc.record({ first: fc.integer({ min: 1, max: 65_535 }), count: fc.integer({ min: 1, max: 400 }) });
const STEP = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), run: RUN }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
);

it('R2b: after a kill at any time each id has the digest of its last message that a commit has', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 30 }), (steps) => {
      const stored = new Map<number, DigestPage>();
      let committed = new Map<number, number>();
      let known = new Map<number, number>();
      let digests = new MessageDigests();
      let next = 1;
      for (const step of [...steps, { kind: 'kill' as const }]) {
        if (step.kind === 'set') {
          for (let n = 0; n < step.run.count; n += 1) {
            const id = ((step.run.first - 1 + n) % 65_535) + 1;
            digests.set(id, next);
            known.set(id, next);
            next += 1;
          }
        } else if (step.kind === 'commit') {
          for (const page of digests.takeChanged()) stored.set(page.page, page);
          committed = new Map(known);
        } else {
          digests = new MessageDigests([...stored.values()]);
          known = new Map(committed);
          for (const [id, digest] of committed) assert.equal(digests.get(id), digest);
          for (const id of [1, 500, 8192, 65_535]) assert.equal(digests.get(id), committed.get(id) ?? 0);
        }
      }
      assert.ok(stored.size <= 9);
    }),
  );
});
