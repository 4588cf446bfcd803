import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from 'millrace';
import { runBridge } from '../support/bridge-millrace.js';
import { serveContender } from '../support/contender.js';

/* Exactly once, with its store in the temporary directory. */
await serveContender(async (task) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-bridge-'));
  const engine = Engine.embedded({ dir });
  return {
    run: () => runBridge(engine, task, true),
    close: async () => {
      await engine.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
