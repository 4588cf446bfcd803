import { setTimeout as sleep } from 'node:timers/promises';
import { serveContender } from '../support/contender.js';
import { engineOf } from '../support/engine-of.js';
import { outboxJob } from '../support/outbox-job.js';

/* Fills an outbox while its broker is away, and is killed with it. */
await serveContender(async (task) => {
  const { job, open } = outboxJob(await engineOf(task.dir ?? '', task.store), task);
  await job.whenRunning();
  return {
    run: async () => {
      open();
      while (job.metrics().itemsAcknowledged < task.messages) await sleep(5);
    },
    close: async () => void process.kill(process.pid, 'SIGKILL'),
  };
});
