import { join } from 'node:path';

/**
 * What node is given to run a program of ours that is TypeScript: as `scripts/run-tests.mjs`, or the test of a mutant, has compiled it, and
 * through tsx where a test file runs alone.
 * @param file from the root of the project
 */
export function programArgs(file: string): readonly string[] {
  const { MILLRACE_COMPILED: compiled } = process.env;
  if (compiled === undefined) return ['--import', 'tsx', file];
  return ['--enable-source-maps', join(compiled, file.replace(/\.ts$/, '.js'))];
}
