import { checkFunctions } from '../build/check-parts.js';
import type { AggregateOperation } from './aggregate-operation.js';
import { finiteOf, refuseItem } from './given-values.js';

/**
 * What the line through points is made of, about the middle of the points: sums of squares of times since 1970 would leave nothing of
 * the differences that count.
 */
export interface TrendState {
  count: number;
  /** The first point: all others are told from there. */
  readonly originX: number;
  readonly originY: number;
  /** From the origin. */
  meanX: number;
  meanY: number;
  /** Sum of the squares of `x` less its mean. */
  squares: number;
  /** Sum of what `x` and `y` less their means make together. */
  products: number;
  /** Squares up to here may be what taking points out has left of others: they are no distance between points. */
  noise: number;
}

/** Of a sum that something is taken out of: what thousands of roundings come to. */
const NOISE = 2 ** -40;

const empty = (originX = 0, originY = 0): TrendState => ({
  count: 0,
  originX,
  originY,
  meanX: 0,
  meanY: 0,
  squares: 0,
  products: 0,
  noise: 0,
});

const onePoint = (x: number, y: number): TrendState => ({ ...empty(x, y), count: 1 });

/** Takes the points of `other` in, or out (Chan's method, which reads the same in both directions). */
const mixed = (state: TrendState, other: TrendState, sign: 1 | -1): TrendState => {
  const count = state.count + sign * other.count;
  // none is exactly none: what rounding has left ends here
  if (count === 0) return empty();
  if (state.count === 0) return { ...other };
  const offX = other.meanX + (other.originX - state.originX) - state.meanX;
  const offY = other.meanY + (other.originY - state.originY) - state.meanY;
  const weight = (state.count * other.count) / count;
  const share = (sign * other.count) / count;
  const squares = state.squares + sign * (other.squares + offX * offX * weight);
  const products = state.products + sign * (other.products + offX * offY * weight);
  if (!Number.isFinite(squares) || !Number.isFinite(products)) throw tooLarge();
  const meanX = state.meanX + offX * share;
  const meanY = state.meanY + offY * share;
  const noise = Math.max(state.noise, other.noise, sign < 0 ? state.squares * NOISE : 0);
  return { ...state, count, meanX, meanY, squares, products, noise };
};

const tooLarge = () =>
  refuseItem('the points are too far from each other for a trend', 'Give xFn and yFn other units.');

export const linearTrend = <T>(
  xFn: (item: T) => number,
  yFn: (item: T) => number,
): AggregateOperation<T, TrendState, number> => {
  checkFunctions('AggregateOperations.linearTrend', { xFn, yFn });
  return {
    create: () => empty(),
    accumulate: (state, item) => mixed(state, onePoint(finiteOf(xFn(item), 'xFn'), finiteOf(yFn(item), 'yFn')), 1),
    combine: (state, later) => mixed(state, later, 1),
    deduct: (state, part) => mixed(state, part, -1),
    export: ({ products, squares, noise }) => (squares <= noise ? Number.NaN : products / squares),
  };
};
