/** The whole numbers from `from` up to `to`, exclusive. */
export const upwards = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
