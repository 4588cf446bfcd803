import assert from 'node:assert/strict';
import { it } from 'node:test';
import { joinBytes } from '../../../src/internal/join-bytes.js';
import { fc } from '../../support/fast-check.js';

it('joined pieces are the bytes that were cut, wherever the cuts are, and also without any', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.nat(64), { maxLength: 6 }), (whole, cuts) => {
      const ends = [...cuts.filter((cut) => cut <= whole.length).sort((a, b) => a - b), whole.length];
      const pieces = ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
      assert.deepEqual(joinBytes(pieces), whole);
    }),
  );
  assert.equal(joinBytes([]).byteLength, 0);
});

it('joined bytes are their own: what becomes of a piece afterwards does not change them, also where there is but one', () => {
  const piece = Uint8Array.of(1, 2);
  const whole = joinBytes([piece]);
  piece.fill(9);
  assert.deepEqual(whole, Uint8Array.of(1, 2));
});
