import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledPath, compileFile, compileTests } from '../../../scripts/compile-tests.mjs';
import { onCleanup } from '../cleanup.js';
import type { SourcePatch } from './mutant-patch.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

let own: Promise<string> | undefined;

/** Sources and tests as JavaScript: those of the run of the tests, or, where a file runs alone, this process's own. */
export function compiledSources(): Promise<string> {
  own ??= Promise.resolve(process.env.MILLRACE_COMPILED ?? compileTests(ROOT));
  return own;
}

/** They with patches, in a folder that is removed with it: links to all that is the same. Each patch fits. */
export async function compiledMutant(
  patches: readonly SourcePatch[],
): Promise<{ readonly folder: string } & AsyncDisposable> {
  const sources = await compiledSources();
  const folder = mkdtempSync(`${sources}-mutant-`);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const forget = onCleanup(remove, remove);
  const texts = new Map<string, string>();
  for (const { file, find, replace } of patches) {
    const text = texts.get(file) ?? readFileSync(join(ROOT, file), 'utf8');
    texts.set(file, text.split(find).join(replace));
  }
  linkAll(sources, folder, new Set([...texts.keys()].map((file) => compiledPath('', file))));
  for (const [file, text] of texts) await compileFile(ROOT, folder, file, text);
  return {
    folder,
    [Symbol.asyncDispose]: async () => {
      forget();
      remove();
    },
  };
}

function linkAll(from: string, to: string, but: ReadonlySet<string>): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = relative(from, join(entry.parentPath, entry.name));
    if (entry.isDirectory()) mkdirSync(join(to, path));
    else if (!but.has(path) && !path.endsWith('.map')) linkSync(join(from, path), join(to, path));
  }
}
