/*
 * npm run house [-- <folder>]: what can be counted of how the code reads, of `src` or of the folder that is given. A line of code is one
 * with something else than a comment on it; an own-line comment shares its line with no code, and is counted in all lines, empty ones too.
 * A function is counted when it has a body in braces.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lineAt, sourceFiles, walk } from './source-files.mjs';

const folder = process.argv[2] ?? join(fileURLToPath(new URL('..', import.meta.url)), 'src');
const SMALL_FILE = 15;
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

const files = sourceFiles(folder).map(measure);

function measure({ path, text, program, comments }) {
  const isCode = codeLines(text, comments);
  const own = text.split('\n').filter((line, index) => line.trim() !== '' && !isCode[index]).length;
  const found = {
    path,
    lines: isCode.length - 1,
    code: isCode.filter(Boolean).length,
    own,
    functions: [],
    casts: 0,
    any: 0,
    sure: 0,
    members: 0,
    told: 0,
  };
  walk(program, (node, parent) => {
    if (FUNCTIONS.has(node.type) && node.body?.type === 'BlockStatement')
      found.functions.push(linesWithin(node, text, isCode));
    if (node.type === 'TSAsExpression' && text.slice(node.typeAnnotation.start, node.typeAnnotation.end) !== 'const')
      found.casts += 1;
    if (node.type === 'TSAnyKeyword') found.any += 1;
    if (node.type === 'TSNonNullExpression') found.sure += 1;
    if (node.type === 'TSInterfaceDeclaration' && parent.type === 'ExportNamedDeclaration') {
      found.members += node.body.body.length;
      found.told += node.body.body.filter(({ start }) =>
        comments.some(({ end }) => end <= start && text.slice(end, start).trim() === ''),
      ).length;
    }
    return true;
  });
  return found;
}

/** For each line whether something stands on it that is no comment. */
function codeLines(text, comments) {
  let bare = text;
  for (const { start, end } of comments)
    bare = bare.slice(0, start) + bare.slice(start, end).replaceAll(/[^\n]/g, ' ') + bare.slice(end);
  return bare.split('\n').map((line) => line.trim() !== '');
}

function linesWithin({ start, end }, text, isCode) {
  return isCode.slice(lineAt(text, start) - 1, lineAt(text, end)).filter(Boolean).length;
}

const sum = (name) => files.reduce((total, file) => total + file[name], 0);
const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return `${at(0.5)} / ${at(0.9)} / ${sorted.at(-1)}`;
}

function largestFolder() {
  const counts = new Map();
  for (const { path } of files) {
    const name = path.split('/').slice(0, -1).join('/');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [name, count] = [...counts].sort((a, b) => b[1] - a[1])[0];
  return `${count} files (${name})`;
}

const rows = [
  ['files, lines of code', `${files.length}, ${sum('code')}`],
  ['function, code lines, median / p90 / max', spread(files.flatMap(({ functions }) => functions))],
  ['file, code lines, median / p90 / max', spread(files.map(({ code }) => code))],
  ['`any` / `!` / casts', `${sum('any')} / ${sum('sure')} / ${sum('casts')}`],
  ['own-line comments', percent(sum('own'), sum('lines'))],
  ['documented members of exported interfaces', percent(sum('told'), sum('members'))],
  ['largest flat folder', largestFolder()],
  [
    `files with at most ${SMALL_FILE} code lines`,
    percent(files.filter(({ code }) => code <= SMALL_FILE).length, files.length),
  ],
];
for (const [what, figure] of rows) console.log(`| ${what} | ${figure} |`);
