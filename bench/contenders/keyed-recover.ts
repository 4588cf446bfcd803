import { setTimeout as sleep } from 'node:timers/promises';
import { serveContender } from '../support/contender.js';
import { engineOf } from '../support/engine-of.js';
import { gatedItems } from '../support/gated-items.js';
import { keyedPipeline, nextKey } from '../support/keyed-pipeline.js';

/** Read behind the start: each needs the state of its key. */
const NEXT = 1_000;

/* Goes on with state that a killed process has left: the time until the job runs, and until a commit with states of old keys is durable. */
await serveContender(async ({ clientId, keys = 1, dir = '', store }) => {
  const figures = { processMs: performance.now(), runningMs: 0, committedMs: 0 };
  return {
    run: async () => {
      const startedAt = performance.now();
      const numbers = gatedItems(NEXT);
      const engine = await engineOf(dir, store);
      const job = engine.newJob(keyedPipeline(numbers.source, nextKey(keys)), {
        name: clientId,
        processingGuarantee: 'exactly-once',
      });
      await job.whenRunning();
      figures.runningMs = performance.now() - startedAt;
      numbers.open();
      while (job.metrics().itemsAcknowledged < NEXT) await sleep(1);
      figures.committedMs = performance.now() - startedAt;
    },
    figures: () => figures,
    close: async () => void process.kill(process.pid, 'SIGKILL'),
  };
});
