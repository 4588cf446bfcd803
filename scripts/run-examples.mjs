/*
 * npm run examples [-- <part of a name>…]: runs each example of the course, examples/NN-*.ts, as a reader would. Each must end
 * by itself within its time and with exit code 0.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStep } from './run-step.mjs';

const LIMIT_MS = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const parts = process.argv.slice(2);
const examples = readdirSync(join(root, 'examples'))
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
  .sort();
let failed = 0;
if (examples.length === 0) {
  console.error('There is no example to run.');
  failed = 1;
}
for (const name of examples) {
  const started = performance.now();
  try {
    runStep(process.execPath, ['--import', 'tsx', join('examples', name)], { cwd: root, timeoutMs: LIMIT_MS });
    console.log(`✔ ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.error(`✖ ${name}\n${error.message}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
