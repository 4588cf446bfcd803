import { Engine } from 'millrace';
import { runBridge } from '../support/bridge-millrace.js';
import { type Figures, serveContender } from '../support/contender.js';

/* At least once: acknowledges a message when the other broker has confirmed its copy. */
await serveContender(async (task) => {
  let figures: Figures = {};
  return {
    run: async () => {
      figures = await runBridge(Engine.embedded(), task, false);
    },
    figures: () => figures,
    close: async () => {},
  };
});
