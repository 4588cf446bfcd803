import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from 'millrace';
import { runBridge } from '../support/bridge-millrace.js';
import { type Figures, serveContender } from '../support/contender.js';

/* Exactly once, with its store in the directory that the task names, or in the temporary one. */
await serveContender(async (task) => {
  const dir = mkdtempSync(join(task.dir ?? tmpdir(), 'millrace-bench-bridge-'));
  const engine = Engine.embedded({ dir });
  let figures: Figures = {};
  return {
    run: async () => {
      figures = await runBridge(engine, task, true);
    },
    figures: () => figures,
    close: async () => {
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
