import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const START = '<!-- bench:start, written by npm run bench -- --write -->';
const END = '<!-- bench:end -->';

/** Replaces what stands between the two marks of docs/benchmarks.md; adds them at the end of a document without. */
export function writeDocument(text: string): void {
  const path = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
  const document = existsSync(path) ? readFileSync(path, 'utf8') : '# Benchmarks\n';
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  const before = start < 0 ? `${document.trimEnd()}\n\n` : document.slice(0, start);
  const after = end < 0 ? '\n' : document.slice(end + END.length);
  writeFileSync(path, `${before}${START}\n\n${text.trim()}\n\n${END}${after}`);
}
