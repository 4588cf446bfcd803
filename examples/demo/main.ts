/*
 * npm run demo [-- --seconds N] [--rate N] [--sensors N]
 * npm run demo -- --cluster [--seconds N] [--rate N] [--json]
 *
 * The first shows a pipeline at work, in this process (plant-demo.ts). The second runs one on three nodes and kills one of them
 * (cluster/cluster-demo.ts).
 */
import { parseDemoOptions } from './demo-options.js';
import { runPlantDemo } from './plant-demo.js';

const options = parseDemoOptions(process.argv.slice(2));
if (options.kind === 'plant') process.exitCode = await runPlantDemo(options);
else {
  // loaded only here: what starts its servers ends them, and this process, at the first SIGINT
  const { runClusterDemo } = await import('./cluster/cluster-demo.js');
  process.exitCode = await runClusterDemo(options);
}
