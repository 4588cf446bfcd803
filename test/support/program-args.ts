import { join } from 'node:path';
import { patchedNodeArgs } from './mutants/mutant-patch.js';

/**
 * What node is given to run a program of ours that is TypeScript: as `scripts/run-tests.mjs` has compiled it, through tsx where a test file
 * runs alone, and with its patches in a test of a mutant.
 * @param file from the root of the project
 */
export function programArgs(file: string): readonly string[] {
  const { MILLRACE_COMPILED: compiled, MUTANT_PATCHES: patches } = process.env;
  if (patches !== undefined) return [...patchedNodeArgs, file];
  if (compiled === undefined) return ['--import', 'tsx', file];
  return ['--enable-source-maps', join(compiled, file.replace(/\.ts$/, '.js'))];
}
