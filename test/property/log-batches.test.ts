import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isWellFormed } from '../../src/internal/well-formed.js';
import { decodeBatch, encodeBatch } from '../../src/store/log/record/batch-codec.js';
import { fc } from '../support/fast-check.js';
import { rejectsWith } from '../support/rejects-with.js';

const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(isWellFormed);
const batch = fc
  .array(fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined })), { maxLength: 8 })
  .map((entries) => new Map(entries));

describe('the batches of a commit record', () => {
  it('come back as what they lead to, the last change of a key counting', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), (batches) => {
        const expected = new Map(batches.flatMap((one) => [...one]));
        const found = decodeBatch(Buffer.concat(batches.map((one) => encodeBatch(one).body)), 'log');
        assert.deepEqual(
          [...found].map(([name, value]) => [name, value && Buffer.from(value).toString('hex')]).sort(),
          [...expected].map(([name, value]) => [name, value && Buffer.from(value).toString('hex')]).sort(),
        );
      }),
    );
  });

  it('are STORE_CORRUPT when the last one is cut short', async () => {
    await fc.assert(
      fc.asyncProperty(key, fc.uint8Array({ maxLength: 40 }), fc.nat(), async (name, value, cut) => {
        const body = encodeBatch(new Map([[name, value]])).body;
        const size = 1 + (cut % (body.byteLength - 1));
        await rejectsWith('STORE_CORRUPT', (async () => decodeBatch(body.subarray(0, size), 'log'))());
      }),
    );
  });
});
