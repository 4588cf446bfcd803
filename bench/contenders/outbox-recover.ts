import { setTimeout as sleep } from 'node:timers/promises';
import { serveContender } from '../support/contender.js';
import { engineOf } from '../support/engine-of.js';
import { outboxJob } from '../support/outbox-job.js';

/* Goes on with an outbox that a killed process has left: the time until the job runs, and until a row is delivered. */
await serveContender(async (task) => {
  const figures = { processMs: performance.now(), runningMs: 0, deliveredMs: 0 };
  return {
    run: async () => {
      const startedAt = performance.now();
      const { job } = outboxJob(await engineOf(task.dir ?? '', task.store), task);
      await job.whenRunning();
      figures.runningMs = performance.now() - startedAt;
      while (job.metrics().itemsDelivered === 0) await sleep(1);
      figures.deliveredMs = performance.now() - startedAt;
    },
    figures: () => figures,
    close: async () => void process.kill(process.pid, 'SIGKILL'),
  };
});
