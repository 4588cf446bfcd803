import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEdgeMessage,
  type EdgeMessage,
  encodeEdgeMessage,
} from '../../src/cluster/exchange/edge/edge-message.js';
import { MillraceError } from '../../src/errors/index.js';
import { fc } from '../support/fast-check.js';

const partition = fc.nat(2 ** 32 - 1);
const id = fc.maxSafeNat().map((value) => value % 2 ** 48);
const seq = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 40 });

const rows = fc.record({
  type: fc.constant('rows' as const),
  from: partition,
  outbox: id,
  low: seq,
  seq,
  rows: fc.array(bytes, { maxLength: 6 }),
});
const piece = fc
  .record({
    type: fc.constant('piece' as const),
    from: partition,
    outbox: id,
    low: seq,
    seq,
    offset: fc.nat(1_000_000),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  })
  .chain((made) => fc.nat(1_000_000).map((rest) => ({ ...made, size: made.offset + made.bytes.byteLength + rest })));
const probe = fc.record({ type: fc.constant('probe' as const), from: partition, outbox: id, low: seq, sent: seq });
const status = fc.record({
  type: fc.constant('status' as const),
  to: partition,
  outbox: id,
  reader: id,
  taken: seq,
  committed: seq,
  again: fc.boolean(),
});
const message: fc.Arbitrary<EdgeMessage> = fc.oneof(rows, piece, probe, status);

/** Where bytes are views: their contents are what counts. */
const plain = (value: EdgeMessage): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner) => (inner instanceof Uint8Array ? [...inner] : inner)));

const decodedOrError = (encoded: Uint8Array): unknown => {
  try {
    return plain(decodeEdgeMessage(encoded));
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error));
    assert.ok(['STORE_CORRUPT', 'STORE_VERSION'].includes(error.code), error.code);
    return error.code;
  }
};

test('what is decoded is what was encoded, wherever it stands in memory', () => {
  fc.assert(
    fc.property(message, fc.nat(7), (sent, offset) => {
      const encoded = encodeEdgeMessage(sent);
      const memory = new Uint8Array(encoded.byteLength + offset + 3).fill(0xff);
      memory.set(encoded, offset);
      const there = memory.subarray(offset, offset + encoded.byteLength);
      assert.deepEqual(plain(decodeEdgeMessage(there)), plain(sent));
    }),
  );
});

test('a message that is cut short, or longer than it says, is STORE_CORRUPT', () => {
  fc.assert(
    fc.property(fc.oneof(rows, probe, status), fc.nat(), (sent, at) => {
      const encoded = encodeEdgeMessage(sent);
      assert.equal(decodedOrError(encoded.subarray(0, at % encoded.byteLength)), 'STORE_CORRUPT');
    }),
  );
  fc.assert(
    fc.property(rows, (sent) => {
      assert.equal(decodedOrError(Buffer.concat([encodeEdgeMessage(sent), Buffer.alloc(1)])), 'STORE_CORRUPT');
    }),
  );
});

test('any bytes are a message, or an error of ours', () => {
  const foreign = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.uint8Array({ minLength: 14, maxLength: 80 }).map((all) => Uint8Array.from([1, ...all.subarray(1)])),
    fc.tuple(message, fc.nat(), fc.nat(255)).map(([sent, at, value]) => {
      const encoded = encodeEdgeMessage(sent);
      encoded[at % encoded.byteLength] = value;
      return encoded;
    }),
  );
  fc.assert(
    fc.property(foreign, (all) => void decodedOrError(all)),
    { numRuns: 2_000 },
  );
});
