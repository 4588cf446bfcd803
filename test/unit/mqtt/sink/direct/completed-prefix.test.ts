import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompletedPrefix } from '../../../../../src/mqtt/sink/direct/completed-prefix.js';
import { fc } from '../../../../support/fast-check.js';

describe('CompletedPrefix', () => {
  it('counts indices that complete in order', () => {
    const prefix = new CompletedPrefix();
    for (let index = 0; index < 5000; index += 1) prefix.complete(index);
    assert.equal(prefix.length, 5000);
  });

  it('stays at a gap and jumps over all that completed behind it', () => {
    const prefix = new CompletedPrefix();
    for (let index = 1; index < 5000; index += 1) prefix.complete(index);
    assert.equal(prefix.length, 0);
    prefix.complete(0);
    assert.equal(prefix.length, 5000);
  });

  it('is the length of the gapless prefix in whatever order indices complete', () => {
    const order = fc.integer({ min: 1, max: 3000 }).chain((size) =>
      fc.shuffledSubarray(
        Array.from({ length: size }, (_, index) => index),
        { minLength: size, maxLength: size },
      ),
    );
    fc.assert(
      fc.property(order, (indices) => {
        const prefix = new CompletedPrefix();
        const done = new Set<number>();
        let expected = 0;
        for (const index of indices) {
          prefix.complete(index);
          done.add(index);
          while (done.has(expected)) expected += 1;
          assert.equal(prefix.length, expected);
        }
        assert.equal(prefix.length, indices.length);
      }),
      { numRuns: 50 },
    );
  });
});
