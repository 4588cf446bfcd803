/** The last multiple of a length up to there, before 1970 too. */
export const multipleUpTo = (time: number, length: number): number => {
  // a remainder of numbers above 32 bits takes much longer; the quotient may be rounded up to the next one
  const multiple = Math.floor(time / length) * length;
  // never -0, which nobody should have to tell from 0
  return (multiple > time ? multiple - length : multiple) + 0;
};

/** The first one behind it. */
export const multipleBehind = (time: number, length: number): number => multipleUpTo(time, length) + length;
