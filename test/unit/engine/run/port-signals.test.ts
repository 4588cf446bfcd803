import assert from 'node:assert/strict';
import { it } from 'node:test';
import { defineSource, type Polled } from '../../../../src/connector/index.js';
import { Engine, type Job, MillraceError, Pipeline, Sinks } from '../../../../src/index.js';
import { type Deferred, deferred } from '../../../../src/internal/deferred.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

const NOTHING: Polled<number> = { items: [], timestampMs: 0, first: 0, last: -1, bytes: 0, rejected: [], done: false };

/** A source that never has an item, and what it was asked. */
class QuietSource {
  readonly asked: Deferred<void>[] = [];
  polls = 0;

  readonly source = defineSource<number>({
    name: 'quiet',
    claims: [],
    defaultGuarantee: 'at-least-once',
    refuse: () => undefined,
    onError: 'fail',
    createReader: async () => ({
      poll: () => {
        this.polls += 1;
        return NOTHING;
      },
      ready: () => {
        const ready = deferred<void>();
        this.asked.push(ready);
        return ready.promise;
      },
      snapshot: () => ({ mark: 0, state: undefined }),
      committed: () => {},
      close: async () => {},
    }),
  });
}

interface Beside {
  readonly quiet: QuietSource;
  readonly busy: ManualSource<number>;
  readonly out: number[];
  readonly job: Job;
}

/** It, beside a source that wakes the run with each of its items. */
const start = (): Beside => {
  const [quiet, busy, out] = [new QuietSource(), new ManualSource<number>(), [] as number[]];
  const pipeline = Pipeline.create();
  pipeline.readFrom(quiet.source).merge(pipeline.readFrom(busy.source)).writeTo(Sinks.list(out));
  return { quiet, busy, out, job: Engine.embedded().newJob(pipeline) };
};

const deliver = async ({ busy }: Beside, items: number): Promise<void> => {
  for (let item = 0; item < items; item += 1) {
    busy.push(item);
    const count = busy.items.length;
    await until(() => busy.acknowledged === count, { what: `item ${count} acknowledged` });
  }
};

it(
  'J2: a source is asked for its next `ready` when the last one has settled, however often others wake the run',
  LIMIT,
  async () => {
    const beside = start();
    const { quiet, job } = beside;
    await deliver(beside, 20);
    assert.equal(quiet.asked.length, 1);
    const { polls } = quiet;
    quiet.asked[0]?.resolve();
    await until(() => quiet.asked.length > 1, { what: 'asked again' });
    assert.ok(quiet.polls > polls, 'it was polled in between');
    await deliver(beside, 20);
    assert.equal(quiet.asked.length, 2);
    await job.cancel();
  },
);

it('J2: one whose `ready` rejects fails the job, and is asked no more', LIMIT, async () => {
  const beside = start();
  const { quiet, out, job } = beside;
  await deliver(beside, 1);
  quiet.asked[0]?.reject(new MillraceError('CONNECTION_LOST', 'gone'));
  await assert.rejects(job.join(), { code: 'CONNECTION_LOST' });
  assert.equal(quiet.asked.length, 1);
  assert.deepEqual(out, [0]);
});
