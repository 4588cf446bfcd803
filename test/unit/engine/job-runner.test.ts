import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterEngine } from '../../../src/cluster/engine/cluster-engine.js';
import { Engine, type JobRunner, Pipeline, Sinks, TestSources } from '../../../src/index.js';
import { MemoryCluster } from '../../support/cluster/memory-place.js';
import { LIMIT } from '../../support/limits.js';
import { rejectsWith } from '../../support/rejects-with.js';

const RUNNERS: Readonly<Record<string, () => JobRunner>> = {
  'alone in a process': () => Engine.embedded(),
  'as a node of a cluster': () =>
    new ClusterEngine({ place: new MemoryCluster().place(), node: 'n', leaseMs: 600, standbys: 0, warnings: false }),
};

const endless = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(100, (_, count) => count)).writeTo(Sinks.noop());
  return pipeline;
};

for (const [where, open] of Object.entries(RUNNERS))
  describe(`what runs jobs, ${where}`, LIMIT, () => {
    it('starts, finds, suspends, resumes and drains a job, and tells of it', async () => {
      await using runner = open();
      const statuses: string[] = [];
      const job = runner.newJob(endless(), {
        name: 'same',
        onEvent: (event) => {
          if (event.kind === 'status') statuses.push(event.status);
        },
      });
      await job.whenRunning();
      assert.equal(runner.getJob('same'), job);
      assert.throws(() => runner.newJob(endless(), { name: 'same' }), { code: 'INVALID_STATE' });
      assert.equal(await job.suspend(), true);
      await job.resume();
      assert.equal(await job.drain(), true);
      await job.join();
      assert.deepEqual(statuses, [
        'STARTING',
        'RUNNING',
        'SUSPENDED',
        'STARTING',
        'RUNNING',
        'COMPLETING',
        'COMPLETED',
      ]);
      assert.deepEqual(runner.jobs, []);
    });

    it('ends in order what runs when it is shut down, and takes no more', async () => {
      const runner = open();
      const job = runner.newJob(endless(), { name: 'last' });
      const ended = job.join().catch(() => {});
      await job.whenRunning();
      await runner.shutdown();
      await ended;
      assert.ok(job.status === 'COMPLETED' || job.status === 'FAILED');
      assert.throws(() => runner.newJob(endless(), { name: 'late' }), { code: 'INVALID_STATE' });
    });

    it('rejects who waits for a job that is cancelled', async () => {
      await using runner = open();
      const job = runner.newJob(endless(), { name: 'cancelled' });
      await job.whenRunning();
      const ended = rejectsWith('ABORTED', job.join());
      await job.cancel();
      await ended;
    });
  });
