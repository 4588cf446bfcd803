import { Session } from 'node:inspector/promises';
import type { Figures } from './contender.js';

/** Where the functions are that count: in the package, not in Node, the benchmark or a dependency. */
const PACKAGE = new URL('../../dist/', import.meta.url).href;

/** Counts the calls of each function of the package from now on, inlined ones as well. */
export async function countCalls(): Promise<() => Promise<Figures>> {
  const inspector = new Session();
  inspector.connect();
  await inspector.post('Profiler.enable');
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  return async () => {
    const { result } = await inspector.post('Profiler.takePreciseCoverage');
    const calls: Record<string, number> = {};
    for (const { url, functions } of result) {
      if (!url.startsWith(PACKAGE)) continue;
      for (const { functionName, ranges } of functions) {
        const name = `${url.slice(PACKAGE.length)} ${functionName}`;
        calls[name] = (calls[name] ?? 0) + (ranges[0]?.count ?? 0);
      }
    }
    return calls;
  };
}
