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

/** What is wrong with a patch as the sources are now; undefined when it fits. */
export function patchProblem({ file, find, replace }: SourcePatch): string | undefined {
  const count = readFileSync(`${ROOT}/${file}`, 'utf8').split(find).length - 1;
  if (count !== 1) return `${file}: found ${count} times: ${find}`;
  return find === replace ? `${file}: changes nothing: ${find}` : undefined;
}
