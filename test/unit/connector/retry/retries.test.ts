import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClassifyErrorFn, RetryStrategies, type RetryStrategy } from '../../../../src/connector/index.js';
import { Retries } from '../../../../src/connector/retry/retries.js';
import { MillraceError, PermanentError } from '../../../../src/errors/index.js';
import { MetricsRegistry } from '../../../../src/metrics/index.js';
import { Told } from '../../../support/told.js';

const ALWAYS = RetryStrategies.indefinitely(7);

const retriesWith = (retryStrategy: RetryStrategy = ALWAYS, classifyErrorFn?: ClassifyErrorFn) => {
  const metrics = new MetricsRegistry();
  const retries = new Retries({ kind: 'sink', name: 'rows', job: 'j', metrics }, { retryStrategy, classifyErrorFn });
  return { retries, metrics };
};

const attemptsOf = (told: Told): unknown[] => told.events.map(({ data }) => Object(data).failures);

describe('retries', () => {
  it('tell the first failure, then rarely, and once that it is over', () => {
    using told = new Told('retrying', 'retry-over');
    const { retries } = retriesWith();
    for (let count = 0; count < 20; count += 1) retries.failed('receiveFn', new Error('away'));
    retries.over('passed');
    retries.over('passed');
    assert.deepEqual(attemptsOf(told), [1, 2, 4, 8, 16, 20]);
    assert.deepEqual(told.names.at(-1), 'retry-over');
    const { error, ...first } = Object(told.events[0]?.data);
    const facts = { job: 'j', part: 'sink "rows"', call: 'receiveFn', attempt: 1, failures: 1, waitMs: 7 };
    assert.deepEqual(first, facts);
    assert.equal(error.message, 'receiveFn of sink "rows": away');
  });

  it('are counted, and the gauge says whether something is tried again', () => {
    const { retries, metrics } = retriesWith();
    retries.failed('receiveFn', new Error('away'));
    retries.failed('createFn', new Error('away'));
    const text = metrics.toPrometheus();
    assert.match(text, /millrace_retries_total\{sink="rows"\} 2/);
    assert.match(text, /millrace_retrying\{sink="rows"\} 1/);
    retries.passed('createFn');
    assert.match(metrics.toPrometheus(), /millrace_retrying\{sink="rows"\} 1/);
    retries.over('passed');
    assert.match(metrics.toPrometheus(), /millrace_retrying\{sink="rows"\} 0/);
  });

  it('the strategy counts each function by itself, and begins anew behind what passed', () => {
    const { retries } = retriesWith(RetryStrategies.custom().maxAttempts(2).build());
    const kinds = (call: string, count: number) =>
      Array.from({ length: count }, () => retries.failed(call, new Error('away')).kind);
    assert.deepEqual(kinds('receiveFn', 2), ['again', 'again']);
    assert.deepEqual(kinds('createFn', 2), ['again', 'again']);
    retries.passed('createFn');
    assert.deepEqual(kinds('createFn', 3), ['again', 'again', 'exhausted']);
    assert.deepEqual(kinds('receiveFn', 1), ['exhausted']);
    retries.beginAnew();
    assert.deepEqual(kinds('receiveFn', 3), ['again', 'again', 'exhausted']);
  });

  it('what cannot pass is not tried again, and a broken rule says nothing about the call', () => {
    assert.equal(retriesWith().retries.failed('receiveFn', new PermanentError('no')).kind, 'permanent');
    assert.equal(retriesWith(RetryStrategies.never()).retries.failed('receiveFn', new Error('no')).kind, 'exhausted');
    const throws = () => {
      throw new Error('broken');
    };
    const strategy = RetryStrategies.custom().intervalFunction(throws).build();
    for (const [broken, message] of [
      [retriesWith(ALWAYS, throws), 'sink "rows": classifyErrorFn threw: broken'],
      [retriesWith(strategy), 'sink "rows": the intervalFunction of the retry strategy threw: broken'],
    ] as const) {
      const verdict = broken.retries.failed('receiveFn', new Error('no'));
      assert.ok(verdict.kind === 'misruled');
      assert.equal(verdict.error.message, message);
      assert.match(verdict.error.advice ?? '', /^It must return /);
      assert.equal(Object(verdict.error.cause).message, 'broken');
    }
  });

  it('says what to do about a function of a user that failed, and leaves an error of ours as it is', () => {
    const { retries } = retriesWith(RetryStrategies.custom().maxAttempts(0).build());
    for (const call of ['createFn', 'receiveFn']) {
      const verdict = retries.failed(call, new TypeError('no'));
      assert.ok(verdict.kind === 'permanent');
      assert.match(verdict.error.advice ?? '', /^Mend the function, or what it uses/);
    }
    const ours = new MillraceError('INVALID_MESSAGE', 'no row');
    const verdict = retries.failed('receiveFn', ours);
    assert.ok(verdict.kind === 'permanent');
    assert.equal(verdict.error, ours);
  });

  it('whatever is thrown has words', () => {
    using told = new Told('retrying');
    const unnamed = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('never heard');
      },
    });
    const wordless = Object.assign(new Error('x'), { message: { a: 1 } });
    const thrown = [
      'text',
      undefined,
      null,
      7,
      Symbol('s'),
      {},
      Object.create(null),
      () => {},
      unnamed,
      hostile,
      wordless,
    ];
    for (const one of thrown) retriesWith().retries.failed('f', one);
    assert.deepEqual(
      told.events.map(({ data }) => Object(data).error.message.replace('f of sink "rows": ', '')),
      [
        'text',
        'undefined was thrown',
        'null was thrown',
        '7 was thrown',
        'Symbol(s) was thrown',
        'an object that is no Error was thrown',
        'an object that is no Error was thrown',
        'a function was thrown',
        'ECONNREFUSED',
        'an object that is no Error was thrown',
        'Error',
      ],
    );
  });
});
