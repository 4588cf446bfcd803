import { givenSeed } from '../given-seed.js';

/** The seed of a test with random kills: the given one, or another one each time. Print it. */
export const killSeed = givenSeed ?? Date.now() % 2 ** 31;
