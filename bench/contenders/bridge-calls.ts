import { Engine } from 'millrace';
import { memoryDir } from '../../test/support/memory-dir.js';
import { runBridge } from '../support/bridge-millrace.js';
import { type Figures, serveContender } from '../support/contender.js';
import { countCalls } from '../support/count-calls.js';

/* The bridge under V8's coverage, at QoS 2 exactly once. Its figures are the calls of each function, and its times are none. */
await serveContender(async (task) => {
  const durable = task.qos === 2;
  const engine = durable ? Engine.embedded({ dir: memoryDir('bench-calls') }) : Engine.embedded();
  const takeCalls = await countCalls();
  let figures: Figures = {};
  return {
    run: async () => {
      await runBridge(engine, task, durable);
      figures = await takeCalls();
    },
    figures: () => figures,
    close: () => engine.shutdown(),
  };
});
