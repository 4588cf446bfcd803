import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeChunk, encodeChunk } from '../../../../src/engine/layout/values/outbox-chunk.js';

const ROWS = Array.from({ length: 6 }, (_, index) => ({ seq: 10 + index, bytes: new Uint8Array(index).fill(index) }));

const seqs = (bytes: Uint8Array, from: number, to: number): number[] =>
  decodeChunk(bytes, { from, to }).rows.map(({ seq }) => seq);

describe('a chunk of an outbox', () => {
  const encoded = encodeChunk({ bytesBefore: 99, rows: ROWS });

  it('gives back its rows, all of them or those within bounds', () => {
    assert.deepEqual(decodeChunk(encoded), { bytesBefore: 99, rows: ROWS });
    assert.deepEqual(decodeChunk(encoded, { from: 12, to: 14 }).rows, ROWS.slice(2, 4));
    assert.deepEqual(seqs(encoded, 0, 12), [10, 11]);
    assert.deepEqual(seqs(encoded, 14, 99), [14, 15]);
    assert.deepEqual(decodeChunk(encoded, { from: 0, to: 0 }), { bytesBefore: 99, rows: [] });
  });

  it('is refused when it is not whole, also outside of the bounds', () => {
    for (const bytes of [encoded.subarray(0, -1), new Uint8Array([...encoded, 0]), encoded.subarray(0, 20)]) {
      assert.throws(() => decodeChunk(bytes, { from: 10, to: 11 }), { code: 'STORE_CORRUPT' });
    }
  });
});
