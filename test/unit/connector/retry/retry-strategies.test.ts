import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IntervalFunctions } from '../../../../src/connector/retry/interval-functions.js';
import { RetryStrategies } from '../../../../src/connector/retry/retry-strategies.js';
import { retryWait } from '../../../../src/connector/retry/retry-wait.js';
import { MillraceError } from '../../../../src/errors/millrace-error.js';

const failure = new MillraceError('PUBLISH_REFUSED', 'refused', { reasonCode: 0x97, details: { topic: 't' } });

describe('RetryStrategies', () => {
  it('never: gives the failure itself, without a wait', () => {
    assert.equal(retryWait(RetryStrategies.never(), 1, failure), failure);
  });

  it('indefinitely: waits the same time before every retry', () => {
    const strategy = RetryStrategies.indefinitely(1000);
    assert.equal(strategy.maxAttempts, Number.POSITIVE_INFINITY);
    assert.equal(retryWait(strategy, 1, failure), 1000);
    assert.equal(retryWait(strategy, 1_000_000, failure), 1000);
  });

  it('an async intervalFunction is refused by its name, and its rejection is nobody’s', () => {
    const intervalFunction = (() => Promise.reject(new Error('lost'))) as never;
    const wait = retryWait({ maxAttempts: 1, intervalFunction }, 1, failure);
    assert.ok(wait instanceof MillraceError);
    assert.deepEqual([wait.code, /intervalFunction.*a promise/.test(wait.message)], ['USER_FUNCTION_FAILED', true]);
  });

  it('custom: asks the interval function with the number of the retry and stops after maxAttempts', () => {
    const strategy = RetryStrategies.custom()
      .maxAttempts(2)
      .intervalFunction((attempt) => attempt * 10)
      .build();
    assert.equal(retryWait(strategy, 1, failure), 10);
    assert.equal(retryWait(strategy, 2, failure), 20);
    const end = retryWait(strategy, 3, failure);
    assert.ok(end instanceof MillraceError);
    assert.equal(end.code, 'RETRIES_EXHAUSTED');
    assert.equal(end.cause, failure);
    assert.equal(end.reasonCode, 0x97);
    assert.deepEqual(end.details, { topic: 't' });
  });

  it('custom without steps retries for ever each 500 ms, as in Jet; a negative maximum means for ever too', () => {
    assert.equal(retryWait(RetryStrategies.custom().build(), 99, failure), 500);
    assert.equal(RetryStrategies.custom().maxAttempts(-1).build().maxAttempts, Number.POSITIVE_INFINITY);
  });

  it('strategies are frozen data, and a builder is a value', () => {
    assert.ok(Object.isFrozen(RetryStrategies.never()));
    assert.ok(Object.isFrozen(RetryStrategies.custom().build()));
    const base = RetryStrategies.custom().maxAttempts(3);
    const changed = base.maxAttempts(7).intervalMs(5);
    assert.equal(base.build().maxAttempts, 3);
    assert.equal(changed.build().maxAttempts, 7);
  });

  it('refuses what makes no sense at once', () => {
    assert.throws(() => RetryStrategies.indefinitely(-1), { code: 'INVALID_OPTIONS' });
    assert.throws(() => RetryStrategies.indefinitely(Number.NaN), { code: 'INVALID_OPTIONS' });
    assert.throws(() => RetryStrategies.custom().maxAttempts(1.5), { code: 'INVALID_OPTIONS' });
    assert.throws(() => IntervalFunctions.exponentialBackoff(10, 0.5), { code: 'INVALID_OPTIONS' });
    const wrong = { times: 3 } as never;
    assert.throws(() => RetryStrategies.custom().maxAttempts(wrong), { message: /not an object$/ });
    assert.throws(() => IntervalFunctions.constant(wrong), { message: /not an object$/ });
  });

  it('an interval function that throws or gives no number ends the retries with USER_FUNCTION_FAILED', () => {
    const cause = new Error('bad');
    const throwing = RetryStrategies.custom()
      .intervalFunction(() => {
        throw cause;
      })
      .build();
    const thrown = retryWait(throwing, 1, failure);
    assert.ok(thrown instanceof MillraceError);
    assert.equal(thrown.code, 'USER_FUNCTION_FAILED');
    assert.equal(thrown.cause, cause);
    const nan = retryWait(
      RetryStrategies.custom()
        .intervalFunction(() => Number.NaN)
        .build(),
      1,
      failure,
    );
    assert.ok(nan instanceof MillraceError && nan.code === 'USER_FUNCTION_FAILED');
  });

  it('a wait is never longer than a timer can be', () => {
    const strategy = RetryStrategies.custom().intervalFunction(IntervalFunctions.exponentialBackoff(1000, 10)).build();
    assert.equal(retryWait(strategy, 300, failure), 2 ** 31 - 1);
  });
});

describe('IntervalFunctions', () => {
  it('exponentialBackoff multiplies, with a cap on request', () => {
    const free = IntervalFunctions.exponentialBackoff(100, 2);
    assert.deepEqual([1, 2, 3, 4].map(free), [100, 200, 400, 800]);
    const capped = IntervalFunctions.exponentialBackoffWithCap(100, 2, 300);
    assert.deepEqual([1, 2, 3, 4].map(capped), [100, 200, 300, 300]);
  });
});
