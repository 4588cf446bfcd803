/** The last multiple of a length up to there, before 1970 too. */
export const multipleUpTo = (time: number, length: number): number => {
  const over = time % length;
  // never -0, which nobody should have to tell from 0
  return time - over - (over < 0 ? length : 0) + 0;
};

/** The first one behind it. */
export const multipleBehind = (time: number, length: number): number => multipleUpTo(time, length) + length;
