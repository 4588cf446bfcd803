import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyFilter } from '../../../../src/engine/state/key-filter.js';
import { fc } from '../../../support/fast-check.js';
import { LIMIT } from '../../../support/limits.js';

const PREFIX = 'state/s/';

describe('a filter of keys', () => {
  it('has every key that was added', LIMIT, () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 200 }), (texts) => {
        const filter = new KeyFilter();
        for (const text of texts) filter.add(PREFIX + text, PREFIX.length);
        for (const text of texts) assert.ok(filter.mayHave(PREFIX + text, PREFIX.length));
      }),
      { numRuns: 100 },
    );
  });

  it('has memory for the keys that came, and no more', () => {
    const before = process.memoryUsage().arrayBuffers;
    const filters = Array.from({ length: 100 }, (_, index) => {
      const filter = new KeyFilter();
      filter.add(`ssensor-${index}`, 0);
      return filter;
    });
    const taken = process.memoryUsage().arrayBuffers - before;
    assert.ok(taken < 16_384 * filters.length, `${taken} bytes`);
  });

  it('has few others: with two million keys that look alike less than one of a hundred', LIMIT, () => {
    const filter = new KeyFilter();
    for (let index = 0; index < 2_000_000; index += 1) filter.add(`ssensor-${index}`, 0);
    let taken = 0;
    for (let index = 2_000_000; index < 2_100_000; index += 1) if (filter.mayHave(`ssensor-${index}`, 0)) taken += 1;
    assert.ok(taken < 1_000, `${taken} of 100,000`);
  });
});
