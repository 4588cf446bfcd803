import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A change of the sources, as text. `find` stands in the file exactly once. */
export interface SourcePatch {
  /** From the root of the project. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const REGISTER = new URL('./mutant-register.mjs', import.meta.url).href;

/** What node needs to load the sources as TypeScript with the patches that its environment holds. */
export const patchedNodeArgs: readonly string[] = ['--import', REGISTER, '--import', import.meta.resolve('tsx')];

/** The environment for `patchedNodeArgs`; processes that such a process starts inherit it. */
export function patchedEnv(patches: readonly SourcePatch[]): Readonly<Record<string, string>> {
  return { MUTANT_PATCHES: JSON.stringify({ root: ROOT, list: patches }) };
}

/** What is wrong with a patch as the sources are now; undefined when it fits. */
export function patchProblem({ file, find, replace }: SourcePatch): string | undefined {
  const count = readFileSync(`${ROOT}/${file}`, 'utf8').split(find).length - 1;
  if (count !== 1) return `${file}: found ${count} times: ${find}`;
  return find === replace ? `${file}: changes nothing: ${find}` : undefined;
}
