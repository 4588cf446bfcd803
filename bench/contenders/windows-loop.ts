import { serveContender } from '../support/contender.js';
import { addTo, SlidingAverages, type Totals } from '../support/window-totals.js';
import { degreesOf, windowedItems } from '../support/windowed-items.js';

const endOf = (at: number, slideMs: number): number => at - (at % slideMs) + slideMs;

/** The same averages by a loop over a map, in memory. */
await serveContender(async (task) => {
  const { windows, keyOf, timeOf } = windowedItems(task);
  let results = 0;
  return {
    run: async () => {
      const averages = new SlidingAverages(windows.sizeMs / windows.slideMs, () => {
        results += 1;
      });
      let totals: Totals = new Map();
      let end = endOf(timeOf(0), windows.slideMs);
      for (let number = 0; number < task.messages; number += 1) {
        const at = timeOf(number);
        if (at >= end) {
          averages.end(totals);
          totals = new Map();
          end = endOf(at, windows.slideMs);
        }
        addTo(totals, keyOf(number), degreesOf(number));
      }
      averages.end(totals);
      averages.endAll();
    },
    figures: () => ({ results }),
    close: async () => {},
  };
});
