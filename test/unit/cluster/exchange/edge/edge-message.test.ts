import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeEdgeMessage,
  encodeEdgeMessage,
  PIECE_HEAD_BYTES,
  ROW_HEAD_BYTES,
  ROWS_HEAD_BYTES,
} from '../../../../../src/cluster/exchange/edge/edge-message.js';

const common = { from: 3, outbox: 2 ** 48 - 1, low: 5, seq: 7 };

describe('a message between partitions', () => {
  it('has as many bytes as its parts are said to have', () => {
    const rows = encodeEdgeMessage({ type: 'rows', ...common, rows: [new Uint8Array(10), new Uint8Array(0)] });
    assert.equal(rows.byteLength, ROWS_HEAD_BYTES + 2 * ROW_HEAD_BYTES + 10);
    const piece = encodeEdgeMessage({ type: 'piece', ...common, offset: 4, size: 20, bytes: new Uint8Array(10) });
    assert.equal(piece.byteLength, PIECE_HEAD_BYTES + 10);
  });

  it('begins with its version: one of a newer one is STORE_VERSION, which says what to do', () => {
    const bytes = encodeEdgeMessage({ type: 'probe', from: 0, outbox: 1, low: 0, sent: 1 });
    assert.equal(bytes[0], 1);
    bytes[0] = 2;
    assert.throws(() => decodeEdgeMessage(bytes), { code: 'STORE_VERSION', advice: /Upgrade/ });
  });

  it('is STORE_CORRUPT where its kind is unknown, or its piece is not in its row', () => {
    const unknown = encodeEdgeMessage({ type: 'probe', from: 0, outbox: 1, low: 0, sent: 1 });
    unknown[1] = 9;
    assert.throws(() => decodeEdgeMessage(unknown), { code: 'STORE_CORRUPT' });
    const piece = { type: 'piece', ...common, offset: 4, size: 20, bytes: new Uint8Array(10) } as const;
    for (const wrong of [
      { ...piece, offset: 11 },
      { ...piece, bytes: new Uint8Array(0) },
      { ...piece, size: 2 ** 31 },
    ])
      assert.throws(() => decodeEdgeMessage(encodeEdgeMessage(wrong)), { code: 'STORE_CORRUPT' });
  });
});
