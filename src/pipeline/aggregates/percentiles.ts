import { listOf, mustShown } from '../../internal/options/option-checks.js';
import { checkFunctions } from '../build/check-parts.js';
import type { AggregateOperation } from './aggregate-operation.js';
import { checkArgument, finiteOf, refuseItem } from './given-values.js';
import { addValue, emptySketch, mixSketches, type SketchState, valuesAt } from './sketch.js';

const between = (min: number, max: number) => (value: unknown) =>
  typeof value === 'number' && value >= min && value <= max;

const percents = listOf(mustShown('a number from 0 to 100', between(0, 100)));
/** Finer ones have more bins than a sketch may, for most values. */
const fraction = mustShown('a number from 0.001 to 0.5', between(0.001, 0.5));

export const percentiles = <T>(
  valueFn: (item: T) => number,
  wanted: readonly number[],
  relativeError = 0.01,
): AggregateOperation<T, SketchState, readonly number[]> => {
  checkFunctions('AggregateOperations.percentiles', { valueFn });
  checkArgument('percentiles', percents, wanted, 'percents');
  checkArgument('percentiles', fraction, relativeError, 'relativeError');
  const asked = [...wanted];
  const mixed = (sign: 1 | -1) => (sketch: SketchState, other: SketchState) => {
    if (sketch.relativeError !== other.relativeError) throw otherError(sketch, other);
    // none is exactly none, and as fine as at the beginning
    if (sketch.count + sign * other.count === 0) return emptySketch(sketch.relativeError);
    mixSketches(sketch, other, sign);
    return sketch;
  };
  return {
    create: () => emptySketch(relativeError),
    accumulate: (sketch, item) => {
      addValue(sketch, finiteOf(valueFn(item)));
      return sketch;
    },
    combine: mixed(1),
    deduct: mixed(-1),
    export: (sketch) => valuesAt(sketch, asked),
  };
};

const otherError = (one: SketchState, other: SketchState) =>
  refuseItem(
    `sketches with relative errors of ${one.relativeError} and ${other.relativeError} cannot be combined`,
    'What is stored keeps its relativeError: give the stage another name when you change it.',
  );
