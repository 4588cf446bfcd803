import { AIMS } from './aims.js';
import type { Comparison } from './result.js';

/** The heading of the table. */
export const AIMS_TITLE = '### What is aimed at';

/**
 * The aims beside what was measured, by the names of cases that have been run. A row of a case that was not is as it is in `known`, the table of
 * an earlier run. Empty where there is none.
 */
export function aimsTable(measured: ReadonlyMap<string, readonly Comparison[]>, known: string): string {
  const before = new Map(known.split('\n').map((line) => [firstCell(line), line]));
  const lines = AIMS.flatMap(({ what, aim, from, measured: of }) => {
    const comparison = measured.get(from)?.[0];
    const name = `${what} (\`${from}\`)`;
    return comparison === undefined ? (before.get(name) ?? []) : `| ${name} | ${aim} | ${of(comparison)} |`;
  });
  if (lines.length === 0) return '';
  return [AIMS_TITLE, '', '| | aim | measured |', '|---|--:|--:|', ...lines, ''].join('\n');
}

const firstCell = (text: string): string => text.split('|')[1]?.trim() ?? '';
