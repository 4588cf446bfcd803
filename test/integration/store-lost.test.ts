import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { Engine, Pipeline, Sinks, SourceBuilder } from '../../src/index.js';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

it('OR4 a job that is idle ends when its directory is removed, without a commit that finds it', LIMIT, async () => {
  const dir = join(tempDir('idle'), 'store');
  const source = SourceBuilder.batch('silent', () => ({}))
    .fillBufferFn<string>(() => {})
    .createSnapshotFn(() => 0)
    .restoreSnapshotFn(() => {})
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(Sinks.noop());
  const job = Engine.embedded({ dir }).newJob(pipeline, { name: 'idle', processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  const commits = () => job.metrics().samples.find(({ name }) => name === 'millrace_job_commits_total')?.value;
  const before = commits();
  rmSync(dir, { recursive: true });
  // what ends it keeps no process alive
  await until(() => job.status === 'FAILED', { what: () => job.status });
  await assert.rejects(job.join(), { code: 'STORE_FENCED', message: /was removed while it was in use/ });
  assert.equal(commits(), before);
});
