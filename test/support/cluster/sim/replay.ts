/** Run by scripts/replay-seed.mjs: prints one history of a cluster. */
import { historyOf } from './cluster-history.js';
import { playCluster } from './engine/play-cluster.js';

const [family, seed] = process.argv.slice(2);
const print = (line: string): void => console.log(line);
const play = () => {
  if (family === 'cluster-histories') return playCluster(Number(seed), print);
  const history = historyOf(Number(seed));
  history.world.onLine = print;
  return history.play();
};
const { verdicts, schedule } = await play();
console.log(JSON.stringify(schedule));
console.log(verdicts.length === 0 ? 'All is well.' : verdicts.join('\n'));
process.exitCode = verdicts.length === 0 ? 0 : 1;
