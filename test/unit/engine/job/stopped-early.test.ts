import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobEvent, Pipeline, RetryStrategies, Sinks, TestSources } from '../../../../src/index.js';
import { deferred } from '../../../support/deferred.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { HeldStores } from '../../../support/store/held-stores.js';

interface Warning extends Error {
  readonly code?: string;
  readonly detail?: string;
}

/** With a stage whose calls never settle. */
const hanging = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(1, 2))
    .mapAsync(() => new Promise<number>(() => {}))
    .setName('look up')
    .writeTo(Sinks.noop());
  return pipeline;
};

describe('a graceful stop that has waited its time', SUITE_LIMIT, () => {
  for (const [guarantee, becomes] of [
    ['at-least-once', /not acknowledged, and comes again.*timeoutMs.*drainTimeoutMs/],
    ['none', /is lost/],
  ] as const) {
    it(`says so as a warning and as an event, with the stage that hangs and what becomes of the rest (${guarantee})`, async () => {
      const events: JobEvent[] = [];
      const job = Engine.embedded().newJob(hanging(), {
        name: 'orders',
        processingGuarantee: guarantee,
        drainTimeoutMs: 20,
        onEvent: (event) => events.push(event),
      });
      await job.whenRunning();
      const [drained, [warning]] = await Promise.all([job.drain(), once(process, 'warning') as Promise<[Warning]>]);
      assert.equal(drained, false);
      assert.equal(warning.code, 'MILLRACE_DRAIN_TIMED_OUT');
      assert.match(warning.message, /^job "orders": .* after 0.02 s with 2 inputs in flight: .* stage "look up"$/);
      assert.match(warning.detail ?? '', becomes);
      assert.deepEqual(
        events.find(({ kind }) => kind === 'stopped-early'),
        { kind: 'stopped-early', job: 'orders', afterMs: 20, inFlight: 2, unfinished: ['stage "look up"'] },
      );
    });
  }

  it('is told also where the job fails while it is closed', async () => {
    const stores = new HeldStores();
    stores.endingWith = new MillraceError('STORAGE_FAILED', 'it cannot be closed');
    const taken = deferred<void>();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items(1))
      .peek(() => {
        stores.holding = true;
        taken.resolve();
      })
      .writeTo(Sinks.noop());
    const events: JobEvent[] = [];
    const job = Engine.embedded({ stores, warnings: false }).newJob(pipeline, {
      name: 'orders',
      processingGuarantee: 'exactly-once',
      drainTimeoutMs: 20,
      onEvent: (event) => events.push(event),
    });
    const failed = assert.rejects(job.join(), { code: 'STORAGE_FAILED' });
    await taken.promise;
    assert.equal(await job.drain(), false);
    await failed;
    assert.ok(events.some(({ kind }) => kind === 'stopped-early'));
  });

  it('says nothing where all was delivered, nor with warnings: false', async () => {
    const heard: Error[] = [];
    const onWarning = (warning: Error): void => void heard.push(warning);
    process.on('warning', onWarning);
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.itemStream(1000, (_, number) => number)).writeTo(Sinks.noop());
    const loud = Engine.embedded().newJob(pipeline);
    const quiet = Engine.embedded({ warnings: false }).newJob(hanging(), { drainTimeoutMs: 20 });
    await Promise.all([loud.whenRunning(), quiet.whenRunning()]);
    assert.deepEqual(await Promise.all([loud.drain(), quiet.drain()]), [true, false]);
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    assert.deepEqual(heard, []);
  });
});

it('a call that is tried again for long is no connection: its warning has a code of its own', SUITE_LIMIT, async () => {
  const pipeline = Pipeline.create();
  const retryStrategy = RetryStrategies.indefinitely(20);
  pipeline
    .readFrom(TestSources.items(1))
    .mapAsync(() => Promise.reject(new Error('away')), { retryStrategy })
    .setName('look up')
    .writeTo(Sinks.noop());
  const job = Engine.embedded().newJob(pipeline, { name: 'orders' });
  const [warning]: Warning[] = await once(process, 'warning');
  await job.cancel();
  assert.equal(warning?.code, 'MILLRACE_RETRYING');
  assert.match(warning.message, /job "orders": mapFn of stage "look up": away \(for \d+ s\)/);
});
