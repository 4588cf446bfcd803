import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportedEvent } from '../../../../src/cli/job/reporter.js';
import { RetryObserver } from '../../../../src/cli/job/retry-observer.js';
import { RetryStrategies, SinkBuilder } from '../../../../src/index.js';
import { openContext } from '../../../support/ends/open-context.js';
import { LIMIT } from '../../../support/limits.js';

test('an outage of a sink of the user is two lines for people, and more for machines', LIMIT, async () => {
  const told: ReportedEvent[] = [];
  let calls = 0;
  const sink = SinkBuilder.sinkBuilder('rows', () => undefined)
    .receiveFn<string>(() => {
      calls += 1;
      if (calls < 6) throw new Error('connect ECONNREFUSED 127.0.0.1:5432');
    })
    .retryStrategy(RetryStrategies.indefinitely(0))
    .build();
  {
    using _observer = new RetryObserver((event) => told.push(event));
    const writer = await sink.createWriter(openContext());
    writer.write(['a']);
    writer.flush();
    await writer.ready();
    await writer.close();
  }
  assert.deepEqual(
    told.map(({ event, text }) => [event, text]),
    [
      ['retrying', 'receiveFn of sink "rows": connection refused; trying again'],
      ['retrying', undefined],
      ['retrying', undefined],
      ['retry-over', 'sink "rows" works again'],
    ],
  );
});
