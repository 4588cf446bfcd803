import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { fillBacklog } from '../support/fill-backlog.js';
import { type Comparison, figureColumn } from '../support/result.js';
import { runContender } from '../support/run-contender.js';

/** Viewers are shown something once a second: enough for some ten times. */
const BACKLOG = 300_000;
const WINDOW = 1000;

export const NOT_VIEWED = 'Millrace';
export const VIEWED = 'Millrace, 50 viewers, one of them stalled';

const CONTENDERS = [
  [NOT_VIEWED, 'bridge-millrace'],
  [VIEWED, 'bridge-viewed'],
] as const;

/** What it costs a bridge to be looked at over HTTP by as many as may: the viewers have a process of their own. */
export async function viewersCase(options: BenchOptions): Promise<Comparison> {
  const messages = Math.round(BACKLOG * options.scale);
  const entries = CONTENDERS.map(([contender, file]) => ({
    contender,
    measure: async () => {
      const [from, to] = [await startBenchMosquitto(WINDOW), await startBenchMosquitto(0)];
      try {
        await fillBacklog(from.url, 'bench-bridge', { messages, qos: 1 });
        const task = {
          url: from.url,
          toUrl: to.url,
          qos: 1,
          messages,
          window: WINDOW,
          clientId: 'bench-bridge',
        } as const;
        return await runContender(file, task);
      } finally {
        for (const broker of [from, to]) await broker.stop();
      }
    },
  }));
  const comparison = await compare('Bridge that is looked at over HTTP, QoS 1, window 1,000', entries, options);
  return { ...comparison, further: [figureColumn('times shown', 'frames', 0)] };
}
