/*
 * node scripts/replay-seed.mjs <exactly-once|losses|takeovers|at-least-once> <seed>: plays one history of the simulator again and prints what
 * happens in it, line by line, and the verdict.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [family, seed] = process.argv.slice(2);
if (!['exactly-once', 'losses', 'takeovers', 'at-least-once'].includes(family) || !/^\d+$/.test(seed ?? '')) {
  console.error('usage: node scripts/replay-seed.mjs <exactly-once|losses|takeovers|at-least-once> <seed>');
  process.exit(2);
}
const { status } = spawnSync(process.execPath, ['--import', 'tsx', 'test/support/sim/sim-replay.ts', family, seed], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
