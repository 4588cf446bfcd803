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

test('what is none of a message is named as the fault of that message, and neither sent as another nor dropped', () => {
  const userProperties = (given: unknown) => ({ properties: { userProperties: given } });
  for (const [wrong, said] of [
    [{ retain: 'no' }, /the retain flag 'no'/],
    [{ timestampMs: 'now' }, /the timestampMs 'now'/],
    [{ timestampMs: Number.NaN, properties: { messageExpiryInterval: 5 } }, /the timestampMs NaN/],
    [{ properties: { messageExpiryInterval: -1 } }, /the messageExpiryInterval -1/],
    [{ properties: { messageExpiryInterval: Number.NaN } }, /the messageExpiryInterval NaN/],
    [{ properties: null }, /properties that are null/],
    [userProperties({ unit: 'kW', site: 5 }), /userProperties\.site is 5$/],
    [userProperties({ unit: null }), /userProperties\.unit is null$/],
    [userProperties([['a', 'b'], ['c']]), /userProperties\[1\] is an array$/],
    [userProperties('a=b'), /userProperties is 'a=b'$/],
  ] as const) {
    const encodeWrong = messageEncoder((() => ({ payload: 'x', ...wrong })) as never, DEFAULTS);
    assert.throws(() => encodeWrong('item', 5), { code: 'INVALID_MESSAGE', message: said });
  }
});

test('what messageFn throws has advice: its own, where it is an error of ours', () => {
  for (const [thrown, advice] of [
    [new Error('no level 3'), /^Mend messageFn/],
    [new MillraceError('INVALID_TOPIC', 'no level 3', { advice: 'Narrow it.' }), /^Narrow it/],
  ] as const) {
    const throwing = messageEncoder(() => {
      throw thrown;
    }, DEFAULTS);
    assert.throws(() => throwing('item', 5), { code: 'USER_FUNCTION_FAILED', message: /no level 3$/, advice });
  }
});

test('what is left to the sink may be null, and user properties come in either shape', () => {
  const given = {
    qos: null,
    retain: null,
    timestampMs: null,
    properties: { userProperties: { a: 'b', c: ['d', 'e'] } },
  };
  const content = messageEncoder((() => ({ payload: 'x', ...given })) as never, DEFAULTS)('item', 5);
  assert.deepEqual([content.topic, content.qos, content.retain], ['t', 1, false]);
  assert.deepEqual(content.properties?.userProperties, [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'e'],
  ]);
});
