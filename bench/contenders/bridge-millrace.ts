import { Engine } from 'millrace';
import { runBridge } from '../support/bridge-millrace.js';
import { serveContender } from '../support/contender.js';

/* At least once: acknowledges a message when the other broker has confirmed its copy. */
await serveContender(async (task) => ({
  run: async () => {
    await runBridge(Engine.embedded(), task, false);
  },
  close: async () => {},
}));
