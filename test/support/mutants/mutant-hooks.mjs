/*
 * Hooks of node's module loader that change sources while they are loaded. They stand below tsx, so that they see and change
 * TypeScript. A patch that does not match exactly once is an error: the process does not start, and says so.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** From the URL of a file to its patches. */
const patches = new Map();

export function initialize({ root, list }) {
  for (const { file, find, replace } of list) {
    const url = new URL(file, pathToFileURL(`${root}/`)).href;
    patches.set(url, [...(patches.get(url) ?? []), { file, find, replace }]);
  }
}

export async function load(url, context, nextLoad) {
  const [plain] = url.split('?');
  const changes = patches.get(plain);
  if (changes === undefined) return nextLoad(url, context);
  let source = readFileSync(new URL(plain), 'utf8');
  for (const { file, find, replace } of changes) {
    const parts = source.split(find);
    if (parts.length !== 2) throw new Error(`MUTANT: the patch of ${file} matches ${parts.length - 1} times`);
    source = parts.join(replace);
  }
  return { format: 'module', source, shortCircuit: true };
}
