import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AIMS_TITLE } from './aims-table.js';

/** Between which lines of the document something stands. */
interface Marks {
  readonly start: string;
  readonly end: string;
}

const TABLES: Marks = {
  start: '<!-- bench:start, written by npm run bench -- --write -->',
  end: '<!-- bench:end -->',
};
const LONG: Marks = {
  start: '<!-- long:start, written by npm run bench:long -- --write -->',
  end: '<!-- long:end -->',
};

const PATH = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const HEADING = '### ';

/** Replaces all tables. */
export const writeDocument = (text: string): void => writeBetween(TABLES, text);

/** Replaces what the long run of the same title has shown, or adds it behind the others. */
export function writeLong(table: string): void {
  const { sections } = sectionsOf(readDocument(LONG).text);
  sections.set(titleOf(table), table);
  writeBetween(LONG, [...sections.values()].join('\n\n'));
}

/** Replaces what stands between two marks of docs/benchmarks.md; adds them at the end of a document without. */
function writeBetween(marks: Marks, text: string): void {
  const { before, after } = readDocument(marks);
  writeFileSync(PATH, `${before}${marks.start}\n\n${text.trim()}\n\n${marks.end}${after}`);
}

/** The table of aims that is there. */
export const knownAims = (): string => sectionsOf(readDocument(TABLES).text).sections.get(AIMS_TITLE) ?? '';

/**
 * Replaces the tables of the same titles there and leaves the others; a table that is new stands behind them. Each is headed by a line
 * about where it comes from, since that of the document is about another run. The aims stand before all.
 */
export function writeTables(aims: string, tables: readonly string[], origin: string): void {
  const { head, sections } = sectionsOf(readDocument(TABLES).text);
  sections.delete(AIMS_TITLE);
  for (const table of tables) {
    const title = titleOf(table);
    sections.set(title, `${title}\n\n${origin}\n\n${table.slice(title.length).trim()}`);
  }
  writeDocument([head, aims.trim(), ...sections.values()].filter((part) => part !== '').join('\n\n'));
}

function sectionsOf(text: string): { readonly head: string; readonly sections: Map<string, string> } {
  const [head = '', ...rest] = text.split(new RegExp(`^(?=${HEADING})`, 'm'));
  return { head: head.trim(), sections: new Map(rest.map((section) => [titleOf(section), section.trim()])) };
}

const titleOf = (section: string): string => section.split('\n', 1)[0] ?? '';

function readDocument(marks: Marks): { readonly before: string; readonly text: string; readonly after: string } {
  const document = existsSync(PATH) ? readFileSync(PATH, 'utf8') : '# Benchmarks\n';
  const [start, end] = [document.indexOf(marks.start), document.indexOf(marks.end)];
  if (start < 0 || end < 0) return { before: `${document.trimEnd()}\n\n`, text: '', after: '\n' };
  return {
    before: document.slice(0, start),
    text: document.slice(start + marks.start.length, end),
    after: document.slice(end + marks.end.length),
  };
}
