import { bridgePipeline } from '../../src/cli/bridge-pipeline.js';
import { parseBridgeOptions } from '../../src/cli/parse-bridge-options.js';
import { Engine } from '../../src/engine/index.js';
import { serveContender } from '../support/contender.js';
import { FILTER } from '../support/workload.js';

/* What `millrace bridge` runs, at least once. */
await serveContender(async ({ url, toUrl, clientId, messages }) => {
  const args = ['--from', url, '--topic', FILTER, '--to', toUrl, '--to-topic', '{topic}', '--client-id', clientId];
  const options = parseBridgeOptions([...args, '--stop-after', String(messages)], process.env);
  const pipeline = bridgePipeline(options);
  return {
    run: () => Engine.embedded().newJob(pipeline, { processingGuarantee: 'at-least-once' }).join(),
    close: async () => {},
  };
});
