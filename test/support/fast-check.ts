import fc from 'fast-check';
import { givenSeed } from './given-seed.js';

fc.configureGlobal({
  ...(givenSeed === undefined ? {} : { seed: givenSeed }),
  // that a mutant is caught is all that is asked of it, and not by which smallest case
  endOnFailure: process.env.MILLRACE_MUTANT !== undefined,
});

export type { Arbitrary } from 'fast-check';
/** With the seed of this run, where one is given: all tests take it from here, and lint looks. */
export { fc };
