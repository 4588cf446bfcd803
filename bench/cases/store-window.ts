import type { BenchOptions } from '../support/bench-options.js';
import { onDisk } from '../support/busy-disk.js';
import { compare } from '../support/compare.js';
import { type Comparison, CPU, figureColumn, RATE } from '../support/result.js';
import { runContender } from '../support/run-contender.js';
import { startFakeBroker } from '../support/start-fake-broker.js';
import { STORES } from '../support/stores.js';

/** Messages that the broker leaves under way, and how many there are: one alone has its commits to itself. */
const WINDOWS = [
  { window: 1, messages: 400 },
  { window: 20, messages: 8_000 },
  { window: 1000, messages: 60_000 },
] as const;

/** The exactly-once bridge between two sides of a broker that does next to nothing: with its store, and with LMDB alone. */
export async function storeWindowCase(disk: 'quiet' | 'busy', options: BenchOptions): Promise<Comparison> {
  const entries = WINDOWS.flatMap(({ window, messages }) =>
    STORES.map(({ name, store }) => ({
      contender: `${window.toLocaleString('en-US')} in flight, ${name}`,
      measure: async () => {
        const count = Math.round(messages * options.scale);
        const broker = await startFakeBroker({ qos: 2, messages: count, window });
        try {
          const task = {
            url: broker.url,
            toUrl: broker.url,
            qos: 2,
            messages: count,
            window,
            clientId: 'stores',
            store,
          } as const;
          return await runContender('bridge-stream', task, broker);
        } finally {
          await broker.stop();
        }
      },
    })),
  );
  const title = `The store beside LMDB alone: a bridge, exactly once, on a ${disk} disk`;
  const compared = await onDisk(disk, () => compare(title, entries, options));
  return { ...compared, columns: COLUMNS };
}

const COLUMNS = [
  RATE,
  CPU,
  figureColumn('messages/commit', 'messagesPerCommit', 0),
  figureColumn('ms/commit', 'commitMs', 2),
];
