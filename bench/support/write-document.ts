import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const START = '<!-- bench:start, written by npm run bench -- --write -->';
const END = '<!-- bench:end -->';

const PATH = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const HEADING = '### ';

/** Replaces what stands between the two marks of docs/benchmarks.md; adds them at the end of a document without. */
export function writeDocument(text: string): void {
  const { before, after } = readDocument();
  writeFileSync(PATH, `${before}${START}\n\n${text.trim()}\n\n${END}${after}`);
}

/**
 * Replaces the tables of the same titles there and leaves the others; a table that is new stands behind them. Each is headed by a line about
 * where it comes from, since that of the document is about another run.
 */
export function writeTables(tables: readonly string[], origin: string): void {
  const { text } = readDocument();
  const [head = '', ...rest] = text.split(new RegExp(`^(?=${HEADING})`, 'm'));
  const sections = new Map(rest.map((section) => [titleOf(section), section.trim()]));
  for (const table of tables) {
    const title = titleOf(table);
    sections.set(title, `${title}\n\n${origin}\n\n${table.slice(title.length).trim()}`);
  }
  writeDocument([head.trim(), ...sections.values()].join('\n\n'));
}

const titleOf = (section: string): string => section.split('\n', 1)[0] ?? '';

function readDocument(): { readonly before: string; readonly text: string; readonly after: string } {
  const document = existsSync(PATH) ? readFileSync(PATH, 'utf8') : '# Benchmarks\n';
  const [start, end] = [document.indexOf(START), document.indexOf(END)];
  if (start < 0 || end < 0) return { before: `${document.trimEnd()}\n\n`, text: '', after: '\n' };
  return {
    before: document.slice(0, start),
    text: document.slice(start + START.length, end),
    after: document.slice(end + END.length),
  };
}
