/*
 * A quantile sketch: DDSketch with the uniform collapse of UDDSketch. A value is counted in a bin whose bounds have a fixed ratio, so what is
 * read from a bin is off by a known fraction of the value, whatever the values are. Where the bins become too many every two of
 * them are one from then on, and the fraction about doubles.
 *
 * QS1. Which bin a value is in at a level depends on the value alone. So parts that are combined give the sketch of the whole, bin by bin.
 * QS2. The level is the lowest at which the bins are few enough: that of the whole is at least that of each part, and what was combined
 *     can be taken out at the level of the whole, exactly.
 */

/** A sketch as plain data. */
export interface SketchState {
  /** By which fraction of a value the answer may be off at level 0. */
  readonly relativeError: number;
  /** How often neighbours have been made one. */
  level: number;
  /** How many values. */
  count: number;
  /** How many of them are 0. */
  zeros: number;
  /** Counts of the bins of the values above 0. */
  positive: Map<number, number>;
  /** The same of the values below it, by their magnitudes. */
  negative: Map<number, number>;
}

/** What one sketch may have: at 1 % they are from 1 to eight hundred million. */
const MOST_BINS = 1_024;

export const emptySketch = (relativeError: number): SketchState => ({
  relativeError,
  level: 0,
  count: 0,
  zeros: 0,
  positive: new Map(),
  negative: new Map(),
});

/** @param value finite */
export const addValue = (sketch: SketchState, value: number): void => {
  sketch.count += 1;
  if (value === 0) {
    sketch.zeros += 1;
    return;
  }
  const bin = Math.ceil(Math.log(Math.abs(value)) / lnRatio(sketch));
  change(value > 0 ? sketch.positive : sketch.negative, coarser(bin, sketch.level), 1);
  collapseToFit(sketch);
};

/**
 * Adds what another sketch has, or takes it out.
 * @param sign -1: every value of `other` is in the sketch
 */
export const mixSketches = (sketch: SketchState, other: SketchState, sign: 1 | -1): void => {
  while (sketch.level < other.level) collapse(sketch);
  sketch.count += sign * other.count;
  sketch.zeros += sign * other.zeros;
  for (const side of ['positive', 'negative'] as const) {
    for (const [bin, held] of other[side]) change(sketch[side], coarser(bin, sketch.level - other.level), sign * held);
  }
  collapseToFit(sketch);
};

/**
 * For each percent the value that as many percent of all are at most, off by the relative error of the level: the one at the nearest rank.
 * NaN of no values.
 */
export const valuesAt = (sketch: SketchState, percents: readonly number[]): readonly number[] => {
  const bins = inOrder(sketch);
  return percents.map((percent) => {
    // 99.9 % of 1,000 is 999, and a little more as a floating-point number
    const rank = Math.max(1, Math.ceil((percent * sketch.count) / 100 - 1e-9));
    return bins.find(({ upTo }) => upTo >= rank)?.value ?? Number.NaN;
  });
};

/** From the lowest value to the highest, each with how many values are up to there. */
const inOrder = (sketch: SketchState): readonly { readonly value: number; readonly upTo: number }[] => {
  const ascending = (bins: Map<number, number>) => [...bins].sort(([a], [b]) => a - b);
  const values = [
    ...ascending(sketch.negative)
      .reverse()
      .map(([bin, held]) => ({ value: -middleOf(sketch, bin), held })),
    ...(sketch.zeros > 0 ? [{ value: 0, held: sketch.zeros }] : []),
    ...ascending(sketch.positive).map(([bin, held]) => ({ value: middleOf(sketch, bin), held })),
  ];
  let upTo = 0;
  return values.map(({ value, held }) => {
    upTo += held;
    return { value, upTo };
  });
};

/** The logarithm of the ratio between the bounds of a bin at level 0. */
const lnRatio = ({ relativeError }: SketchState): number => Math.log((1 + relativeError) / (1 - relativeError));

/** As far, as a fraction, from one bound of the bin as from the other. */
const middleOf = (sketch: SketchState, bin: number): number => {
  const ln = lnRatio(sketch) * 2 ** sketch.level;
  return Math.min(Number.MAX_VALUE, Math.exp(bin * ln) * (2 / (1 + Math.exp(ln))));
};

const coarser = (bin: number, levels: number): number => Math.ceil(bin / 2 ** levels);

const change = (bins: Map<number, number>, bin: number, by: number): void => {
  const held = (bins.get(bin) ?? 0) + by;
  if (held > 0) bins.set(bin, held);
  else bins.delete(bin);
};

const collapseToFit = (sketch: SketchState): void => {
  while (sketch.positive.size + sketch.negative.size > MOST_BINS) collapse(sketch);
};

const collapse = (sketch: SketchState): void => {
  sketch.level += 1;
  sketch.positive = collapsed(sketch.positive);
  sketch.negative = collapsed(sketch.negative);
};

const collapsed = (bins: Map<number, number>): Map<number, number> => {
  const fewer = new Map<number, number>();
  for (const [bin, held] of bins) change(fewer, coarser(bin, 1), held);
  return fewer;
};
