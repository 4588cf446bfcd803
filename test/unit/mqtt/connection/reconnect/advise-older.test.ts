import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MillraceError } from '../../../../../src/errors/index.js';
import { adviseOlder } from '../../../../../src/mqtt/connection/reconnect/advise-older.js';

it('packets of a 5.0 broker that are wrong are told with the older version; what has an advice, or is of another kind, stays', () => {
  const cause = new Error('bytes');
  const wrong = new MillraceError('PROTOCOL_ERROR', 'a property twice', { cause, reasonCode: 0x82, details: { a: 1 } });
  const told = adviseOlder(wrong, 5);
  assert.match(told.advice ?? '', /protocolVersion 4/);
  const { message, code, reasonCode, details } = wrong;
  assert.deepEqual(
    { ...told, message: told.message, cause: told.cause, advice: undefined },
    {
      ...wrong,
      message,
      cause,
      code,
      reasonCode,
      details,
      advice: undefined,
    },
  );
  assert.equal(adviseOlder(wrong, 4), wrong);
  for (const other of [
    new MillraceError('PROTOCOL_ERROR', 'x', { advice: 'do this' }),
    new MillraceError('CONNECTION_LOST', 'x'),
  ])
    assert.equal(adviseOlder(other, 5), other);
});
