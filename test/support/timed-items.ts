import { AggregateOperations } from '../../src/index.js';
import { fc } from './fast-check.js';
import type { PlainItem } from './plain-windows.js';

/** An item with a time of its own. */
export interface TimedItem extends PlainItem {
  /** Of which of two streams it is, where there are two. */
  readonly side: 0 | 1;
}

export interface TimedItemsOptions {
  readonly maxLength: number;
  /** How far an item may come behind one that is later. */
  readonly mostOff: number;
  /** The number of the first. */
  readonly first?: number;
}

/** Items of three keys whose time goes on, out of order, from before 1970 on. */
export const timedItems = ({ maxLength, mostOff, first = 0 }: TimedItemsOptions): fc.Arbitrary<TimedItem[]> =>
  fc
    .array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        side: fc.constantFrom<0 | 1>(0, 1),
        step: fc.nat({ max: 12 }),
        off: fc.nat({ max: mostOff }),
      }),
      { maxLength, size: 'max' },
    )
    .map((steps) => {
      let time = -100;
      return steps.map(({ key, side, step, off }, index): TimedItem => {
        time += step;
        return { key, side, at: time - off, n: first + index };
      });
    });

/** Sliding windows, by size and slide; one of them tumbles. */
export const anyShape = fc.constantFrom<readonly [size: number, slide: number]>([10, 10], [30, 10], [20, 5]);

/** What was in a window, item by item, in order; it combines and deducts. */
export const listing = <T, V extends string | number>(shown: (item: T) => V) =>
  AggregateOperations.withCreate((): V[] => [])
    .andAccumulate((all, item: T) => [...all, shown(item)])
    .andCombine((all, later) => [...all, ...later])
    .andDeduct((all, part) => all.filter((value) => !part.includes(value)))
    .andExport((all) => [...all].sort((a, b) => (a < b ? -1 : 1)));

/** Results by the ends of their windows, then by key. */
export const inOrder = <R extends { readonly key: string; readonly end: number }>(
  results: readonly R[],
): readonly R[] => [...results].sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1));
