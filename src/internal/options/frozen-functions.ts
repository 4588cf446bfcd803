import { refuseMore } from './refuse-more.js';

/**
 * Functions under one name, for good, each of which refuses more arguments than it takes.
 * @param most how many; the compiler misses a function that has no number
 */
export const frozenFunctions =
  <Name extends string>(whose: string, most: Readonly<Record<Name, number>>) =>
  <T extends Readonly<Record<Name, unknown>>>(
    functions: T & Readonly<Record<Exclude<keyof T, Name>, never>>,
  ): Readonly<T> => {
    refuseMore<Readonly<Record<Name, unknown>>>(whose, most, functions);
    return Object.freeze(functions);
  };
