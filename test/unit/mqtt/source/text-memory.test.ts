import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextMemory } from '../../../../src/mqtt/source/text-memory.js';

test('X9: a memory of texts is bounded in number and in characters, and keeps none that alone is too long', () => {
  const memory = new TextMemory<number>(3, 10);
  memory.set('aaaa', 1);
  memory.set('bbbb', 2);
  assert.deepEqual([memory.get('aaaa'), memory.get('bbbb')], [1, 2]);
  memory.set('cccc', 3);
  assert.deepEqual([memory.get('aaaa'), memory.get('bbbb'), memory.get('cccc')], [undefined, undefined, 3]);
  memory.set('d'.repeat(11), 4);
  assert.deepEqual([memory.get('cccc'), memory.get('d'.repeat(11))], [3, undefined]);
  for (const text of ['e', 'f', 'g']) memory.set(text, 5);
  assert.deepEqual([memory.get('cccc'), memory.get('g')], [undefined, 5], 'the fourth text begins anew');
});
