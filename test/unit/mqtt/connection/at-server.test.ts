import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../../../src/errors/millrace-error.js';
import { atServer } from '../../../../src/mqtt/connection/at-server.js';

const SERVER = 'mqtt://broker:1883';

test('an error names the server it is about, and keeps everything else', () => {
  const cause = new Error('why');
  const error = new MillraceError('NOT_AUTHORIZED', 'refused', {
    cause,
    advice: 'Ask.',
    reasonCode: 0x87,
    retryable: true,
    details: { a: 1 },
  });
  const named = atServer(error, SERVER);
  assert.equal(named.message, 'mqtt://broker:1883: refused');
  assert.deepEqual({ ...named.toJSON(), message: '' }, { ...error.toJSON(), message: '' });
  assert.equal(named.cause, cause);
});

test('an error that names its server stays as it is', () => {
  const error = new MillraceError('CONNECTION_LOST', `connection to ${SERVER} broke`);
  assert.equal(atServer(error, SERVER), error);
});
