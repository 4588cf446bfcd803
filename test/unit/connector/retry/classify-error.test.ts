import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyError } from '../../../../src/connector/retry/classify-error.js';
import { MillraceError } from '../../../../src/errors/millrace-error.js';
import { PermanentError } from '../../../../src/errors/permanent-error.js';
import { TransientError } from '../../../../src/errors/transient-error.js';

describe('classifyError', () => {
  it('takes the word of an error of ours', () => {
    assert.equal(classifyError(new PermanentError('no')), 'permanent');
    assert.equal(classifyError(new TransientError('later')), 'transient');
    assert.equal(classifyError(new MillraceError('TIMEOUT', 'late')), 'transient');
    assert.equal(classifyError(new MillraceError('INVALID_MESSAGE', 'no')), 'permanent');
  });

  it('a mistake of the language cannot pass, unless something else caused it', () => {
    assert.equal(classifyError(new TypeError('x is not a function')), 'permanent');
    assert.equal(classifyError(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })), 'transient');
  });

  it('all else may pass', () => {
    assert.equal(classifyError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })), 'transient');
    assert.equal(classifyError('a string'), 'transient');
  });

  it('asks the function of the user first, and goes on without an answer', () => {
    assert.equal(
      classifyError(new PermanentError('no'), () => 'transient'),
      'transient',
    );
    assert.equal(
      classifyError(new PermanentError('no'), () => undefined),
      'permanent',
    );
  });

  it('a function of the user that throws, or says something else, is told', () => {
    const throwing = (): never => {
      throw new Error('bad');
    };
    assert.throws(() => classifyError(new Error('e'), throwing), { code: 'USER_FUNCTION_FAILED' });
    // @ts-expect-error JavaScript may say anything
    assert.throws(() => classifyError(new Error('e'), () => true), { code: 'USER_FUNCTION_FAILED' });
  });
});

it('an async classifyErrorFn is refused by its name, and its rejection is nobody’s', () => {
  const classify = (() => Promise.reject(new Error('lost'))) as never;
  assert.throws(() => classifyError(new Error('away'), classify), {
    code: 'USER_FUNCTION_FAILED',
    message: 'classifyErrorFn returned a promise',
  });
});
