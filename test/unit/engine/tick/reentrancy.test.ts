import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Engine,
  type Job,
  type JobStatus,
  MillraceError,
  Pipeline,
  Sinks,
  TestSources,
} from '../../../../src/index.js';
import { LIMIT } from '../../../support/limits.js';

const endless = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(1000, (_, sequence) => sequence)).writeTo(Sinks.noop());
  return pipeline;
};

const cancelledAt = async (status: JobStatus, act: (job: Job) => Promise<unknown>): Promise<Job> => {
  let watched: Job | undefined;
  const job = Engine.embedded().newJob(endless(), {
    onEvent: (event) => {
      if (event.kind === 'status' && event.status === status) void watched?.cancel('from an observer');
    },
  });
  await job.whenRunning();
  watched = job;
  await act(job).catch(() => {});
  await job.join().catch(() => {});
  // an unhandled rejection would come now
  await new Promise((resolve) => setImmediate(resolve));
  return job;
};

test('an observer may cancel the job at any change of its status', LIMIT, async () => {
  for (const [status, act] of [
    ['COMPLETING', (job: Job) => job.drain()],
    ['NOT_RUNNING', (job: Job) => job.restart()],
    ['STARTING', (job: Job) => job.restart()],
    ['RUNNING', (job: Job) => job.restart()],
    ['SUSPENDED', (job: Job) => job.suspend()],
  ] as const) {
    const job = await cancelledAt(status, act);
    assert.equal(job.status, 'FAILED', `cancelled at ${status}`);
    await assert.rejects(job.join(), (error) => error instanceof MillraceError && error.code === 'ABORTED');
  }
});

test('an observer may cancel a job that completes by itself', LIMIT, async () => {
  const watched: Job[] = [];
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.items(1)).writeTo(Sinks.noop());
  const job = Engine.embedded().newJob(pipeline, {
    onEvent: (event) => {
      if (event.kind === 'status' && event.status === 'COMPLETING') void watched[0]?.cancel();
    },
  });
  watched.push(job);
  await assert.rejects(job.join(), (error) => error instanceof MillraceError && error.code === 'ABORTED');
});

test('a default name is a free one', LIMIT, async () => {
  await using engine = Engine.embedded();
  engine.newJob(endless(), { name: 'job-2' });
  assert.equal(engine.newJob(endless()).name, 'job-3');
});
