import { runContender } from '../support/run-contender.js';
import { megabytes } from '../support/sample-rss.js';
import type { Verdict } from '../support/verdict.js';
import { count } from './slopes.js';

/** What the last quarter of the time may need more than the second one. */
const GROWTH_BYTES = 100e6;
const HOUR_MS = 3_600_000;

/** A window for each of so many keys, all of them open at once and then told: the store has them, and memory a part. */
export async function windowsMemory(keys: number): Promise<readonly Verdict[]> {
  const { wallMs, maxRssBytes, figures } = await runContender('windows-millrace', {
    url: '',
    toUrl: '',
    qos: 2,
    messages: keys,
    window: 0,
    clientId: 'windows',
    keys,
    windows: { sizeMs: HOUR_MS, slideMs: HOUR_MS, everyMs: 1 },
  });
  const { results = 0, secondQuarter = 0, lastQuarter = 0, ownPeak = 0 } = figures ?? {};
  return [
    {
      promise: `windows of up to ${count(keys)} keys are open at once, and each is told`,
      measured: `${count(results)} results, ${count(Math.round((keys * 1000) / wallMs))} items/s`,
      holds: results > 0,
    },
    {
      promise: 'memory does not grow with the keys: flat, pages of the file not counted',
      measured: `median ${megabytes(secondQuarter)} in the second quarter, ${megabytes(lastQuarter)} in the last, peak ${megabytes(ownPeak)}; with those pages ${megabytes(maxRssBytes)}`,
      holds: lastQuarter - secondQuarter < GROWTH_BYTES,
    },
  ];
}
