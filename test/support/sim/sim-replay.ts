/** Run by scripts/replay-seed.mjs: prints one history. */
import { decodeChunk } from '../../../src/engine/layout/values/outbox-chunk.js';
import { decodeStored } from '../../../src/engine/layout/values/stored-value.js';
import { SeededRandom } from '../seeded-random.js';
import { SimHistory } from './sim-history.js';
import { type SimFamily, simPlan } from './sim-plan.js';

const [family, seed] = process.argv.slice(2) as [SimFamily, string];
const plan = simPlan(Number(seed), family, new SeededRandom(Number(seed) * 3 + family.length));
const { habits: _, faults, ...told } = plan;
console.log(JSON.stringify(told));
for (const { atMs, fault } of faults) console.log(`  planned ${atMs.toFixed(2)} ${JSON.stringify(fault)}`);
const history = new SimHistory(plan, { logging: true });
history.onLog = (line) => console.log(line);
history.world.disk.onWrite = (key, value) => {
  if (!key.startsWith('state/'))
    history.say(`  commits ${key} = ${value === undefined ? 'gone' : readable(key, value)}`);
};
const { verdicts } = await history.play();
console.log(verdicts.length === 0 ? 'All is well.' : verdicts.join('\n'));
process.exitCode = verdicts.length === 0 ? 0 : 1;

function readable(key: string, value: Uint8Array): string {
  try {
    return key.startsWith('rows/')
      ? `rows ${decodeChunk(value).rows.map(({ seq }) => seq)}`
      : JSON.stringify(decodeStored(value));
  } catch {
    return `${value.length} bytes`;
  }
}
