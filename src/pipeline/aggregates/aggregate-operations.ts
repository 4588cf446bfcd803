import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { withCreate } from './aggregate-builder.js';
import { allOf } from './all-of.js';
import { max, maxBy, min, minBy } from './best.js';
import { countingDistinct, toList } from './collections.js';
import { first, last } from './ends.js';
import { linearTrend } from './linear-trend.js';
import { named } from './named-aggregates.js';
import { percentiles } from './percentiles.js';
import { averaging, counting, summing } from './sums.js';

/**
 * Aggregates for `rollingAggregate`; `withCreate` begins one of your own. An aggregate fails at an item for which a function gives what
 * it cannot take, and keeps what it had.
 * @namespace
 */
export const AggregateOperations = frozenFunctions('AggregateOperations', {
  counting: 0,
  summing: 1,
  averaging: 1,
  min: 1,
  max: 1,
  minBy: 1,
  maxBy: 1,
  first: 0,
  last: 0,
  toList: 1,
  countingDistinct: 2,
  percentiles: 3,
  linearTrend: 2,
  allOf: 1,
  withCreate: 1,
})({
  /** How many items. */
  counting: named('counting', counting),

  /** The sum of a number of each item; 0 before the first. The stage fails at an item for which `valueFn` gives none, or NaN. */
  summing: named('summing', summing),

  /** The arithmetic mean of a number of each item. The stage fails at an item for which `valueFn` gives none, or NaN. */
  averaging: named('averaging', averaging),

  /** The lowest value: of numbers, or bigints, or texts. `undefined` while every value was NaN. */
  min: named('min', min),

  /** The highest value. `undefined` while every value was NaN. */
  max: named('max', max),

  /** The item with the lowest value, the first of equal ones. `undefined` while every value was NaN. */
  minBy: named('minBy', minBy),

  /** The item with the highest value, the first of equal ones. `undefined` while every value was NaN. */
  maxBy: named('maxBy', maxBy),

  /** The first item. */
  first: named('first', first),

  /** The last item. */
  last: named('last', last),

  /** All items, in their order: a new list each time. The stage fails at the item behind `maxItems`, 10,000 by default. */
  toList: named('toList', toList),

  /**
   * How many different keys the items have: strings, numbers other than NaN, bigints, booleans. Exact, so the state has all of them: the
   * stage fails at the first key behind `maxKeys`, 10,000 by default.
   */
  countingDistinct: named('countingDistinct', countingDistinct),

  /**
   * For each of `percents` (0 to 100) the number that as many percent of all are at most: of 1,000 numbers the 990th for 99. In the order
   * in which they are asked for, each at most `relativeError` of itself away, by default 0.01, which may be 0.001 to 0.5. The state has at
   * most 1,024 counts, 16 KB: from as many on, which takes values that are far apart, it makes every two of them one, and the error
   * about doubles each time. The stage fails at what is not a finite number.
   */
  percentiles: named('percentiles', percentiles),

  /**
   * The slope of the line through the points of the items, by least squares: by how much `yFn` grows for each 1 of `xFn`. NaN while all have one
   * `x`. The stage fails at what is not a finite number.
   */
  linearTrend: named('linearTrend', linearTrend),

  /**
   * Several aggregates over the same items, as a record: `allOf({ count: counting(), mean: averaging(fn) })` gives `{ count, mean }`. It
   * combines and deducts where all of them do.
   */
  allOf,

  /**
   * An aggregate of your own, step by step. `createFn` makes the accumulator, of which the stage's codec must know the type.
   *
   * ```ts
   * AggregateOperations.withCreate(() => ({ longest: 0 }))
   *   .andAccumulate((state, text: string) => ({ longest: Math.max(state.longest, text.length) }))
   *   .andExport(({ longest }) => longest);
   * ```
   */
  withCreate,
});
