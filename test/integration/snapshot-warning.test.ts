import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { Engine, Pipeline, Sinks } from '../../src/index.js';
import { ManualSource } from '../support/ends/manual-source.js';
import { LIMIT } from '../support/limits.js';
import { memoryDir } from '../support/memory-dir.js';
import { historyFile } from '../support/store/run-store-writer.js';
import { until } from '../support/until.js';

/** A snapshot is due when the log has 64 MiB. */
const STATE = Buffer.alloc(8 * 1024 * 1024);

it(
  'a snapshot that fails is a warning of the process that names the job and says what to do, and the job goes on',
  LIMIT,
  async () => {
    const dir = join(memoryDir('no-snapshot'), 'store');
    const manual = new ManualSource<string>();
    const pipeline = Pipeline.create();
    pipeline.readFrom(manual.source).writeTo(Sinks.noop());
    await using job = Engine.embedded({ dir }).newJob(pipeline, {
      name: 'history',
      processingGuarantee: 'exactly-once',
    });
    await job.whenRunning();
    const blobs = historyFile(dir, 'blobs');
    rmSync(blobs, { recursive: true });
    writeFileSync(blobs, 'no directory');
    const warned = once(process, 'warning');
    const commit = async (): Promise<void> => {
      manual.pages = new Map([['large', STATE]]);
      manual.push('item');
      await until(() => job.metrics().itemsAcknowledged === manual.items.length);
    };
    for (let count = 0; count < 9; count += 1) await commit();
    const [warning] = await warned;
    assert.equal(warning.code, 'MILLRACE_SNAPSHOT_FAILED');
    assert.match(warning.message, /^job "history": cannot write .*partition-0\.blobs/);
    assert.match(warning.detail, /Nothing is lost\. .* look at the disk/);
    await commit();
    assert.equal(job.status, 'RUNNING');
  },
);
