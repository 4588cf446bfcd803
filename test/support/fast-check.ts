import fc from 'fast-check';
import { givenSeed } from './given-seed.js';

if (givenSeed !== undefined) fc.configureGlobal({ seed: givenSeed });

export type { Arbitrary } from 'fast-check';
/** With the seed of this run, where one is given: all tests take it from here, and lint looks. */
export { fc };
