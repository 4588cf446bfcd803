import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from 'millrace';
import { serveContender } from '../support/contender.js';
import { gatedItems } from '../support/gated-items.js';
import { keyedPipeline, scatteredKey } from '../support/keyed-pipeline.js';
import { sampleRss } from '../support/sample-rss.js';

const SAMPLE_MS = 100;

/** State by key, the keys in no order. QoS 2 stands for the store. */
await serveContender(async ({ qos, messages, clientId, keys = 1 }) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-keyed-'));
  const numbers = gatedItems(messages);
  const engine = qos === 2 ? Engine.embedded({ dir }) : Engine.embedded();
  const job = engine.newJob(keyedPipeline(numbers.source, scatteredKey(keys)), {
    name: clientId,
    processingGuarantee: qos === 2 ? 'exactly-once' : 'none',
  });
  await job.whenRunning();
  const own = sampleRss(process.pid, SAMPLE_MS, 'own');
  return {
    run: () => {
      numbers.open();
      return job.join();
    },
    figures: () => ({ ownRssMb: Math.max(0, ...own.bytes) / 1e6 }),
    close: async () => {
      own.stop();
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
