/**
 * Names of objects that are stored by the million, as accumulators are: an object that has just these, in this order, is written by the number
 * of its shape, without them. Stored: a number never gets another meaning.
 */
export const SHAPES: readonly (readonly string[])[] = [
  ['count', 'sum', 'lost'],
  ['sum', 'lost'],
  ['best'],
  ['end'],
  ['item'],
];

/** The number of the shape; -1 for an object of other names. */
export const shapeOf = (names: readonly string[]): number => SHAPES.findIndex((shape) => isSame(shape, names));

const isSame = (shape: readonly string[], names: readonly string[]): boolean => {
  if (shape.length !== names.length) return false;
  for (let index = 0; index < names.length; index += 1) if (shape[index] !== names[index]) return false;
  return true;
};
