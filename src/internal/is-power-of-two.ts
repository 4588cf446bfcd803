/** Whether it is 1, 2, 4, 8 and so on: when what goes on is told, so that it is told ever more rarely. */
export const isPowerOfTwo = (count: number): boolean => Number.isInteger(Math.log2(count));
