/** What is wrong with an option that counts something: it must be a whole number from 1. Empty when nothing is. */
export const countProblems = (option: string, value: number): readonly string[] =>
  Number.isSafeInteger(value) && value >= 1 ? [] : [`${option} is ${value}: it must be a whole number from 1`];
