import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveContender } from '../support/contender.js';
import { rowsOfCommit } from '../support/store-rows.js';

/* The floor: the same rows appended to a file, and one `fdatasync` for each commit. Nothing can be read or removed. */
await serveContender(async ({ messages, window }) => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-log-'));
  const log = await open(join(dir, 'log'), 'a');
  return {
    run: async () => {
      for (let commit = 0; commit < messages / window; commit++) {
        await log.write(rowsOfCommit(window, commit));
        await log.datasync();
      }
    },
    close: async () => {
      await log.close();
      await rm(dir, { recursive: true });
    },
  };
});
