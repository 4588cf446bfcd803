import { MillraceError } from '../../errors/index.js';

/** By their name in `process.versions`: where the native part that locks a directory ends the process, and when. */
const RUNTIMES = [
  { key: 'deno', name: 'Deno', when: 'when it is loaded' },
  { key: 'bun', name: 'Bun', when: 'when another process has the lock' },
] as const;

/**
 * A runtime that its own native parts would end is refused by name, before they are loaded. Nor is it known there what a commit survives:
 * no crash test runs in it.
 *
 * @throws MillraceError UNSUPPORTED
 */
export function refuseRuntime(versions: Readonly<Record<string, string | undefined>>): void {
  const runtime = RUNTIMES.find(({ key }) => versions[key] !== undefined);
  if (runtime === undefined) return;
  const { name, when } = runtime;
  throw new MillraceError(
    'UNSUPPORTED',
    `a store on disk does not work in ${name}: what locks its directory would end the process ${when}`,
    { advice: 'Run this job in Node. A job without a store runs here, too.', details: { runtime: name } },
  );
}
