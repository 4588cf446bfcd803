import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isWellFormed } from '../../src/internal/well-formed.js';
import { decodeBatch, encodeBatches } from '../../src/store/log/record/batch-codec.js';
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
        const found = decodeBatch(encodeBatches(batches), 'log');
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
        const body = encodeBatches([new Map([[name, value]])]);
        const size = 1 + (cut % (body.byteLength - 1));
        await rejectsWith('STORE_CORRUPT', (async () => decodeBatch(body.subarray(0, size), 'log'))());
      }),
    );
  });
});
