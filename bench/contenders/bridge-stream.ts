import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from 'millrace';
import { finishBridgeJob, startBridgeJob } from '../support/bridge-millrace.js';
import { type Figures, serveContender } from '../support/contender.js';
import { engineOf } from '../support/engine-of.js';

/* A bridge that runs when the stream begins: exactly once at QoS 2, with the store that the task names, and at least once at QoS 1. */
await serveContender(async (task) => {
  const durable = task.qos === 2;
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-stream-'));
  const engine = durable ? await engineOf(dir, task.store) : Engine.embedded();
  const job = await startBridgeJob(engine, task, durable);
  let figures: Figures = {};
  return {
    run: async () => {
      figures = await finishBridgeJob(job, task, performance.now());
    },
    figures: () => figures,
    close: async () => {
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
