import { setTimeout as sleep } from 'node:timers/promises';
import { serveContender } from '../support/contender.js';
import { engineOf } from '../support/engine-of.js';
import { gatedItems } from '../support/gated-items.js';
import { keyedPipeline, nextKey } from '../support/keyed-pipeline.js';

/* State by key in a directory that stays, one key after the other; all is committed when the process is killed. */
await serveContender(async ({ messages, clientId, keys = 1, dir = '', store }) => {
  const numbers = gatedItems(messages);
  const engine = await engineOf(dir, store);
  const job = engine.newJob(keyedPipeline(numbers.source, nextKey(keys)), {
    name: clientId,
    processingGuarantee: 'exactly-once',
  });
  await job.whenRunning();
  return {
    run: async () => {
      numbers.open();
      while (job.metrics().itemsAcknowledged < messages) await sleep(1);
    },
    close: async () => void process.kill(process.pid, 'SIGKILL'),
  };
});
