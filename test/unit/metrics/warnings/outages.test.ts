import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Outages } from '../../../../src/metrics/warnings/outages.js';

const HOUR_MS = 3_600_000;
const outage = (name: string, message = 'away') => ({ name, code: 'AWAY', message, advice: undefined });

describe('an outage', () => {
  it('is said after a while with how long it lasts, after ten minutes again, and then each hour', () => {
    const outages = new Outages();
    outages.add(outage('a'), 1000, 5000);
    assert.equal(outages.dueMs, 6000);
    assert.deepEqual(outages.take(5999), []);
    assert.deepEqual(outages.take(6000), [{ ...outage('a'), lastsMs: 5000 }]);
    assert.equal(outages.dueMs, 606_000);
    assert.equal(outages.take(606_000).length, 1);
    assert.equal(outages.dueMs, 606_000 + HOUR_MS);
    assert.equal(outages.take(outages.dueMs).length, 1);
    assert.equal(outages.dueMs, 606_000 + 2 * HOUR_MS);
  });

  it('is not said when it is over before, and begins anew then', () => {
    const outages = new Outages();
    outages.add(outage('a'), 0, 5000);
    outages.end('a');
    assert.equal(outages.dueMs, Number.POSITIVE_INFINITY);
    outages.add(outage('a'), 4000, 5000);
    assert.deepEqual(outages.take(8999), []);
    assert.equal(outages.take(9000).length, 1);
  });

  it('is said with what came last, however often it came', () => {
    const outages = new Outages();
    outages.add(outage('a', 'connection refused'), 0, 5000);
    outages.add(outage('a', 'bad password'), 4000, 5000);
    assert.deepEqual(
      outages.take(5000).map(({ message }) => message),
      ['bad password'],
    );
    assert.equal(outages.hasOther('a'), false);
    assert.equal(outages.hasOther('b'), true);
  });
});
