import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../test/support/child-process.js';
import { FILTER } from './workload.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The built `millrace bridge` as a process of its own; resolves when it runs. */
export async function startBridge(from: string, to: string, ...more: readonly string[]): Promise<Child> {
  const args = ['bridge', '--from', from, '--topic', FILTER, '--to', to, '--to-topic', 'copy/{topic}'];
  const bridge = startChild(process.execPath, [MAIN, ...args, '--client-id', 'bench-long', ...more]);
  await bridge.waitForLine(/RUNNING/);
  return bridge;
}
