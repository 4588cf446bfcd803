import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onceLoaded } from '../../../src/internal/once-loaded.js';

test('a module is loaded at the first call, once, and is there in the same turn afterwards', async () => {
  let loads = 0;
  const load = onceLoaded(async () => {
    loads += 1;
    await new Promise(setImmediate);
    return 'module';
  });
  assert.equal(loads, 0);
  assert.deepEqual(await Promise.all([load(), load()]), ['module', 'module']);
  let later = false;
  setImmediate(() => {
    later = true;
  });
  await load();
  assert.equal(later, false);
  assert.equal(loads, 1);
});

test('one that could not be loaded is tried again by the next call', async () => {
  let loads = 0;
  const load = onceLoaded(async () => {
    loads += 1;
    if (loads === 1) throw new Error('not yet');
    return 'module';
  });
  await assert.rejects(load(), /not yet/);
  assert.equal(await load(), 'module');
});
