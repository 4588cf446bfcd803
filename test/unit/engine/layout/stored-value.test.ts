import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import { decodeStored, encodeStored } from '../../../../src/engine/layout/values/stored-value.js';

const HEAD = {
  state: { version: 2, received: Uint32Array.of(3, 70_000), done: new Uint32Array(), burnt: Uint16Array.of(9) },
  low: 1,
  end: 2 ** 40,
};

test('what is stored comes back, in the compact encoding or, where it is large, by structured clone', () => {
  for (const value of [HEAD, { large: 'x'.repeat(9_000), HEAD }, true, undefined]) {
    assert.deepEqual(decodeStored(encodeStored(value)), value);
  }
  assert.equal(encodeStored(HEAD)[0], 3);
  assert.equal(encodeStored('x'.repeat(9_000))[0], 1);
});

test('what an earlier version has stored, by structured clone alone, is read', () => {
  assert.deepEqual(decodeStored(Uint8Array.of(1, ...serialize(HEAD))), HEAD);
});

test('bytes that neither has made are STORE_CORRUPT', () => {
  const bytes = encodeStored(HEAD);
  for (const wrong of [bytes.subarray(0, -1), Uint8Array.of(2, ...bytes.subarray(1)), new Uint8Array()]) {
    assert.throws(() => decodeStored(wrong), { code: 'STORE_CORRUPT' });
  }
});
