import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../../../../src/errors/index.js';
import { messageEncoder, plainEncoder } from '../../../../../src/mqtt/sink/message/message-encoder.js';

const DEFAULTS = { topic: 't', qos: 1, retain: false } as const;
const encode = plainEncoder(DEFAULTS);

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

test('the rejection of an async messageFn is nobody’s, and its item is no message', async () => {
  const encodeLost = messageEncoder((() => Promise.reject(new Error('nobody waits for it'))) as never, DEFAULTS);
  assert.throws(() => encodeLost('item', 5), { code: 'USER_FUNCTION_FAILED', message: 'messageFn returned a promise' });
  const payload = Promise.reject(new Error('nor for this'));
  const encodeLater = messageEncoder((() => ({ payload })) as never, DEFAULTS);
  assert.throws(() => encodeLater('item', 5), { code: 'USER_FUNCTION_FAILED', advice: /mapAsync/ });
  // an unhandled rejection would come now
  await new Promise((resolve) => setImmediate(resolve));
});

test('a QoS that is none is said without its text: an object has none, a symbol throws', () => {
  for (const [qos, said] of [
    [{}, /the QoS an object/],
    [Symbol('x'), /the QoS a symbol/],
    [3, /the QoS 3/],
  ] as const) {
    const encodeWrong = messageEncoder((() => ({ payload: 'x', qos })) as never, DEFAULTS);
    assert.throws(() => encodeWrong('item', 5), { code: 'INVALID_MESSAGE', message: said });
  }
});
