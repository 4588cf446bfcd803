/** Numbers from 0 up to one below the end. */
export type NumbersBelow = (end: number) => number;

/** Numbers that depend on the seed alone (a linear congruence), so that a failing series can be run again. */
export const numbersFrom = (seed: number): NumbersBelow => {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * end);
  };
};
