import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStores } from '../../../src/store/index.js';

test('stores in memory are made of nothing, or of others, and of nothing else', () => {
  for (const wrong of ['x', null, {}, new Map()]) {
    assert.throws(() => new MemoryStores(wrong as never), {
      code: 'INVALID_OPTIONS',
      message: 'new MemoryStores: what it is made from must be other MemoryStores, or be left out',
    });
  }
});

test('what others have is there in stores that are made of them', async () => {
  const earlier = new MemoryStores();
  const store = await earlier.open('job', 0);
  await store.commit(new Map([['key', new Uint8Array([7])]]));
  await earlier.close();
  const later = await new MemoryStores(earlier).open('job', 0);
  assert.deepEqual(later.get('key'), new Uint8Array([7]));
});
