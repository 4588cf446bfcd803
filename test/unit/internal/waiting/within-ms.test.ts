import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred } from '../../../../src/internal/deferred.js';
import { withinMs } from '../../../../src/internal/waiting/within-ms.js';

const late = () => new Error('late');

describe('withinMs', () => {
  it('gives what the call comes to, and leaves no timer behind that would keep the process', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    assert.equal(await withinMs(Promise.resolve('done'), 60_000, late), 'done');
    await assert.rejects(withinMs(Promise.reject(new Error('its own')), 60_000, late), /its own/);
    assert.equal(timers(), before);
  });

  it('rejects when the time is over; what the call rejects with later is nobody’s', async () => {
    const call = deferred<never>();
    await assert.rejects(withinMs(call.promise, 1, late), /late/);
    // unhandled, it would fail the test
    call.reject(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
