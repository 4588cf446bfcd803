/* The source files of a folder, parsed: what the checks of imports, names and comments read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';

/** @typedef {{ path: string, text: string, program: object, comments: readonly object[] }} SourceFile */

/** All of them, by path from the folder (with `/`). A file that does not parse is an error of the compiler, not ours. */
export function sourceFiles(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[jt]s$/.test(name));
  return names.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const { program, comments } = parseSync(name, text);
    return { path: name.replaceAll('\\', '/'), text, program, comments };
  });
}

/** The line (from 1) of a place in a text. */
export const lineAt = (text, offset) => text.slice(0, offset).split('\n').length;

/** Calls `visit(node, parent, key)` for the node and all below it; a visit that gives false keeps from going below. */
export function walk(node, visit, parent = undefined, key = undefined) {
  if (visit(node, parent, key) === false) return;
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') walk(child, visit, node, name);
    }
  }
}
