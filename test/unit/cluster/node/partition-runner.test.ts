import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PartitionRunner } from '../../../../src/cluster/node/partition-runner.js';
import { resolveJobOptions, resolveRestart } from '../../../../src/engine/job/job-options.js';
import { prepareRun } from '../../../../src/engine/job/prepare-run.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Pipeline, SinkBuilder, TestSources } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { HeldStores } from '../../../support/store/held-stores.js';

const LOST = new MillraceError('ABORTED', 'another node may have it');

/** A partition whose drain ends with an item that is not delivered, and whose sink is still being closed. */
const closingLate = async (stores?: HeldStores) => {
  const processingGuarantee = stores === undefined ? 'at-least-once' : 'exactly-once';
  const options = resolveJobOptions({ processingGuarantee, drainTimeoutMs: 20 }, 'late');
  const taken = deferred<void>();
  const closing = deferred<void>();
  const closed = deferred<void>();
  const never = SinkBuilder.sinkBuilder('never', () => ({}))
    .receiveFn(() => new Promise<void>(() => {}))
    .destroyFn(() => {
      closing.resolve();
      return closed.promise;
    })
    .build();
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(1))
    .peek(() => {
      if (stores !== undefined) stores.holding = true;
      taken.resolve();
    })
    .writeTo(never);
  const told: string[] = [];
  const runner = new PartitionRunner(prepareRun(pipeline, options, stores).run, resolveRestart(options, false), {
    pass: (signal) => told.push(signal),
    opened: () => {},
    released: (error) => told.push(`released${error === undefined ? '' : ` ${error.code}`}`),
    stoppedEarly: ({ afterMs, inFlight, unfinished }) =>
      told.push(`stopped early after ${afterMs} ms, ${inFlight} in flight, ${unfinished.join()}`),
    ended: () => {},
    restarting: () => told.push('restarting'),
    isLocal: () => false,
    proved: () => {},
    unfit: () => told.push('unfit'),
    failed: async ({ code }) => void told.push(`failed ${code}`),
  });
  runner.open();
  await taken.promise;
  runner.drain();
  await closing.promise;
  return { runner, told, closed };
};

const EARLY = 'stopped early after 20 ms, 1 in flight, sink "never"';

describe('a partition that was drained for as long as it may be', SUITE_LIMIT, () => {
  it('says what was left, and ends', async () => {
    const { runner, told, closed } = await closingLate();
    closed.resolve();
    await runner.over;
    assert.deepEqual(told, [EARLY, 'released', 'end']);
  });

  it('says so, too, where its lease is lost while its ports close', async () => {
    const { runner, told, closed } = await closingLate();
    runner.stop(LOST);
    closed.resolve();
    await runner.over;
    assert.deepEqual(told, [EARLY, 'end']);
  });

  it('says so, too, where another has its store by then', async () => {
    const stores = new HeldStores();
    const { runner, told, closed } = await closingLate(stores);
    stores.endingWith = new MillraceError('STORE_FENCED', 'another owner has it');
    closed.resolve();
    await runner.over;
    assert.match(told[0] ?? '', /^stopped early after 20 ms/);
    assert.deepEqual(told.slice(1), ['lose', 'end']);
  });
});
