import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../../../../src/errors/index.js';
import { plainEncoder } from '../../../../../src/mqtt/sink/message/message-encoder.js';

const encode = plainEncoder({ topic: 't', qos: 1, retain: false });

test('without a messageFn bytes are kept, and anything else is its string', () => {
  const bytes = Uint8Array.of(1, 2);
  assert.equal(encode(bytes, 5).payload, bytes);
  assert.equal(Buffer.from(encode(7, 5).payload).toString(), '7');
});

test('a promise is no message: it would be published as "[object Promise]"', () => {
  assert.throws(
    () => encode(Promise.resolve(1), 5),
    (error) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'INVALID_MESSAGE');
      assert.match(error.advice ?? '', /mapAsync/);
      return true;
    },
  );
});
