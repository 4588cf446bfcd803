import type { BenchOptions } from '../support/bench-options.js';
import type { ContenderTask, WindowTask } from '../support/contender.js';
import { type Comparison, cpuPerMessage, figureColumn } from '../support/result.js';
import { runContender } from '../support/run-contender.js';
import { count, type Step, slopes } from './slopes.js';

const KEYS = [10, 1_000, 100_000];
const KEYS_ITEMS = 1_000_000;
/** Ten in a window, so that windows end of all of these numbers of keys. */
const WINDOW: WindowTask = { sizeMs: 60_000, slideMs: 60_000, everyMs: 6_000 };

const SLIDES = [1, 6, 60];
const SLIDE_MS = 10_000;
const SLIDES_KEYS = 1_000;
const SLIDES_ITEMS = 1_000_000;

const TASK = { url: '', toUrl: '', window: 0, clientId: 'slope' } as const;
const KINDS = [
  { kind: 'with the store, exactly once', qos: 2 },
  { kind: 'state in memory', qos: 0 },
] as const;

const windows = (task: Pick<ContenderTask, 'messages' | 'keys' | 'windows' | 'qos'>) =>
  runContender('windows-millrace', { ...TASK, ...task });

/** What an item of a window costs where there are more keys, each with as many items in a window. */
export function windowKeysSlopeCase(options: BenchOptions): Promise<Comparison> {
  const messages = Math.round(KEYS_ITEMS * options.scale);
  const steps = KINDS.flatMap(({ kind, qos }) =>
    KEYS.map(
      (keys): Step => ({
        contender: `${kind}, ${count(keys)}`,
        size: keys,
        measure: () => windows({ messages, qos, keys, windows: WINDOW }),
      }),
    ),
  );
  const title = 'Averages of a minute by the number of keys';
  return slopes({ title, of: 'keys', steps, cost: cpuPerMessage }, options);
}

/** What an item costs where its windows are longer, and slide as before. When the items are over, each key has the windows that are open still. */
export async function windowSlidesSlopeCase(options: BenchOptions): Promise<Comparison> {
  const messages = Math.round(SLIDES_ITEMS * options.scale);
  const steps = KINDS.flatMap(({ kind, qos }) =>
    SLIDES.map((slides): Step => {
      const ofSlides: WindowTask = { sizeMs: slides * SLIDE_MS, slideMs: SLIDE_MS, everyMs: SLIDE_MS / 5 };
      return {
        contender: `${kind}, ${slides}`,
        size: slides,
        measure: () => windows({ messages, qos, keys: SLIDES_KEYS, windows: ofSlides }),
      };
    }),
  );
  const title = `Averages that slide by ten seconds, ${count(SLIDES_KEYS)} keys, by window over slide`;
  const comparison = await slopes({ title, of: 'slides in a window', steps, cost: cpuPerMessage }, options);
  return { ...comparison, further: [figureColumn('results', 'results', 0)] };
}
