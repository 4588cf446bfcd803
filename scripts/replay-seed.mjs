/*
 * node scripts/replay-seed.mjs <exactly-once|losses|takeovers|at-least-once|cluster-schedules|cluster-histories> <seed>: plays one history
 * of a simulator again and prints what happens in it, line by line, and the verdict.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ONE_JOB = 'test/support/sim/sim-replay.ts';
const CLUSTER = 'test/support/cluster/sim/replay.ts';
const FAMILIES = {
  'exactly-once': ONE_JOB,
  losses: ONE_JOB,
  takeovers: ONE_JOB,
  'at-least-once': ONE_JOB,
  'cluster-schedules': CLUSTER,
  'cluster-histories': CLUSTER,
};

const [family, seed] = process.argv.slice(2);
if (!Object.hasOwn(FAMILIES, family) || !/^\d+$/.test(seed ?? '')) {
  console.error(`usage: node scripts/replay-seed.mjs <${Object.keys(FAMILIES).join('|')}> <seed>`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, ['--import', 'tsx', FAMILIES[family], family, seed], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
