import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../src/errors/index.js';
import { apiError, natsError } from '../../../src/nats/index.js';

const answer = (code: number, err_code: number, description: string) =>
  apiError({ code, err_code, description }, 'a stream');

const named = (name: string, options?: ErrorOptions): Error =>
  Object.assign(new Error('said below', options), { name });

describe('the errors of NATS', () => {
  it('a full store is STORE_FULL, by each of the limits that there are', () => {
    for (const [code, description] of [
      [10047, 'insufficient storage resources available'],
      [10077, 'maximum bytes exceeded'],
      [10077, 'maximum messages exceeded'],
      [10054, 'message size exceeds maximum allowed'],
    ] as const) {
      const error = answer(400, code, description);
      assert.equal(error.code, 'STORE_FULL');
      assert.equal(error.details.apiCode, code);
      assert.match(error.message, new RegExp(`^a stream: ${description}$`));
    }
  });

  it('a store that fails for another reason is not full: what was asked may have been done', () => {
    assert.equal(answer(503, 10077, 'error opening msg block file').code, 'STORAGE_FAILED');
  });

  it('a leader that is missing may be there in a moment', () => {
    for (const code of [10005, 10008, 10039, 10076]) {
      const error = answer(503, code, 'jetstream not enabled');
      assert.equal(error.code, 'CLUSTER_UNREACHABLE');
      assert.equal(error.retryable, true);
    }
  });

  it('an error of the client is found below what it is wrapped in', () => {
    const wrapped = named('RequestError', { cause: named('PermissionViolationError') });
    assert.equal(natsError(wrapped, 'a request').code, 'NOT_AUTHORIZED');
    assert.equal(natsError(named('AuthorizationError'), 'a request').code, 'BAD_CREDENTIALS');
    assert.equal(natsError(Object.assign(new Error(''), { code: 'CERT_HAS_EXPIRED' }), 'x').code, 'TLS_REFUSED');
  });

  it('an answer of JetStream that a package of NATS threw is what it would be to us', () => {
    const thrown = Object.assign(new Error('insufficient storage resources'), { code: 10047, status: 500 });
    assert.equal(natsError(thrown, 'a snapshot').code, 'STORE_FULL');
  });

  it('whatever nobody knows is unknown, and never an error of another class', () => {
    for (const thrown of [named('RequestError'), new Error(''), 'text', undefined, null, { a: 1 }]) {
      assert.equal(natsError(thrown, 'a request').code, 'CLUSTER_UNREACHABLE');
    }
    const ours = new MillraceError('STORE_FENCED', 'x');
    assert.equal(natsError(ours, 'a request'), ours);
    const circular: Error = named('RequestError');
    circular.cause = circular;
    assert.equal(natsError(circular, 'a request').code, 'CLUSTER_UNREACHABLE');
  });
});
