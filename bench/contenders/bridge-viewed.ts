import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from 'millrace';
import { serve } from 'millrace/http';
import { runBridge } from '../support/bridge-millrace.js';
import { serveContender } from '../support/contender.js';
import { startViewers } from '../support/start-viewers.js';

const VIEWERS = 50;

/* The same as `bridge-millrace`, served over HTTP to as many viewers as there may be. */
await serveContender(async (task) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-viewed-'));
  const path = join(dir, 'http');
  const engine = Engine.embedded();
  const served = await serve(engine, { path });
  const viewers = await startViewers(path, VIEWERS);
  return {
    run: async () => {
      await runBridge(engine, task, false);
    },
    figures: () => ({ frames: viewers.frames() }),
    close: async () => {
      await viewers.stop();
      await served.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
