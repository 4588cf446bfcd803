import { groupBy, map, mergeMap, range, reduce, Subject, toArray, window } from 'rxjs';
import { serveContender } from '../support/contender.js';
import { SlidingAverages, type Total } from '../support/window-totals.js';
import { degreesOf, windowedItems } from '../support/windowed-items.js';

const slideOf = (at: number, slideMs: number): number => Math.floor(at / slideMs);

/** The same averages by RxJS, in memory: a window for each slide, in it a group for each key. */
await serveContender(async (task) => {
  const { windows, keyOf, timeOf } = windowedItems(task);
  let results = 0;
  return {
    run: async () => {
      const averages = new SlidingAverages(windows.sizeMs / windows.slideMs, () => {
        results += 1;
      });
      const numbers = new Subject<number>();
      const slideEnds = new Subject<void>();
      numbers
        .pipe(
          window(slideEnds),
          mergeMap((slide) =>
            slide.pipe(
              groupBy(keyOf),
              mergeMap((group) =>
                group.pipe(
                  reduce(({ sum, count }: Total, number) => ({ sum: sum + degreesOf(number), count: count + 1 }), {
                    sum: 0,
                    count: 0,
                  }),
                  map((total) => [group.key, total] as const),
                ),
              ),
              toArray(),
            ),
          ),
        )
        .subscribe((totals) => averages.end(new Map(totals)));
      let slide = slideOf(timeOf(0), windows.slideMs);
      range(0, task.messages).subscribe((number) => {
        const now = slideOf(timeOf(number), windows.slideMs);
        if (now !== slide) slideEnds.next();
        slide = now;
        numbers.next(number);
      });
      numbers.complete();
      averages.endAll();
    },
    figures: () => ({ results }),
    close: async () => {},
  };
});
