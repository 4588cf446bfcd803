import { Session } from 'node:inspector/promises';

/** How often functions that lie in a folder of `src` are called while `act` runs, inlined ones too: work, whatever the machine's speed. */
export async function countWork(folder: string, act: () => void): Promise<number> {
  const inside = new URL(`${folder}/`, import.meta.resolve('../../src/index.js')).href;
  const inspector = new Session();
  inspector.connect();
  await inspector.post('Profiler.enable');
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  // it begins to count anew with each answer
  await inspector.post('Profiler.takePreciseCoverage');
  act();
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  await inspector.post('Profiler.stopPreciseCoverage');
  inspector.disconnect();
  const counts = result
    .filter(({ url }) => url.startsWith(inside))
    .flatMap(({ functions }) => functions.map(({ ranges }) => ranges[0]?.count ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}
