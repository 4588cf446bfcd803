import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, Pipeline } from 'millrace';
import { PostgresSinks } from 'millrace/postgres';
import { serveContender } from '../support/contender.js';
import { gatedItems } from '../support/gated-items.js';
import { READING_COLUMNS, type Reading, readingOf } from '../support/reading.js';

/** Rows from memory into a table, exactly once; `window` is the largest batch. */
await serveContender(async ({ toUrl, messages, window, clientId }) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-rows-'));
  const numbers = gatedItems(messages);
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(numbers.source)
    .map(readingOf)
    .writeTo(
      PostgresSinks.table<Reading>({
        connection: toUrl,
        table: 'readings',
        columns: READING_COLUMNS,
        batchSize: window,
        createTable: true,
      }),
    );
  const engine = Engine.embedded({ dir });
  const job = engine.newJob(pipeline, { name: clientId, processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  return {
    run: () => {
      numbers.open();
      return job.join();
    },
    close: async () => {
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
