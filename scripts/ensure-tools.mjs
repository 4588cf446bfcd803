/*
 * What some checks need beside the package lies in `tools`: an old compiler, bundlers, what makes the reference. It is large, and most work
 * does not need it, so it is installed by the checks themselves. Silent when it is there, as tools/package-lock.json has it.
 */
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStep } from './run-step.mjs';

const tools = fileURLToPath(new URL('../tools', import.meta.url));
const lock = join(tools, 'package-lock.json');
/** The lock that what is there was installed from. */
const installed = join(tools, 'node_modules/.installed-lock.json');

/** Where the packages of `tools` are found. */
export const toolsRequire = createRequire(join(tools, 'package.json'));

export function ensureTools() {
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lock, 'utf8')) return;
  console.log('Installing tools/package-lock.json.');
  runStep('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: tools, timeoutMs: 300_000 });
  copyFileSync(lock, installed);
}
