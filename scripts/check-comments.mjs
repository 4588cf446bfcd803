/*
 * A part of npm run docs-check: what the comments of `src`, or of the folder that is given, refer to must be there: files, folders,
 * names in backticks or links, and rules. A rule is one of docs/guarantees.md (`R7`), or one that a comment defines (`L1. …`), of any
 * file; no two files define the same.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lineAt, sourceFiles, walk } from './source-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? join(root, 'src');
/** In backticks, and of others: the language's, the system's, an example's. */
const FOREIGN = new Set(['require', 'uncaughtException', 'fdatasync', 'LOCALHOST', 'producer']);
/** They look like the name of a rule: an engine, and the control characters. */
const NO_RULES = new Set(['V8', 'C0']);

const files = sourceFiles(folder);
const paths = files.map(({ path }) => path);
const folders = new Set(
  paths.flatMap((path) => path.split('/').map((_, depth, parts) => `/${parts.slice(0, depth).join('/')}/`)),
);
const guaranteed = rulesOfGuarantees();
const names = new Set();
const texts = new Set();
/** What is declared at the top of files: by its name, the names that stand in its declarations. */
const members = new Map();
const defined = new Map(
  files.map(({ path, comments }) => [path, new Set(comments.flatMap(({ value }) => definitions(value)))]),
);
for (const file of files) collect(file);
const allTexts = [...texts].join('\n');

function rulesOfGuarantees() {
  const text = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
  const cells = [...text.matchAll(/^\| ((?:[CR]\d+[a-z]?(?:, )?)+) \|/gm)];
  return new Set(cells.flatMap(([, cell]) => cell.split(', ')));
}

function definitions(comment) {
  return [...comment.matchAll(/\b([A-Z]{1,2}\d{1,2})\. /g)].map(([, rule]) => rule);
}

function collect({ program }) {
  walk(program, (node) => {
    if (node.type === 'Identifier' || node.type === 'PrivateIdentifier') names.add(node.name);
    if (node.type === 'Literal' && typeof node.value === 'string') texts.add(node.value);
    if (node.type === 'TemplateElement') texts.add(node.value.raw);
    return true;
  });
  for (const statement of program.body) {
    const declaration = statement.declaration ?? statement;
    for (const { id } of declaration.declarations ?? [declaration]) {
      if (id?.type === 'Identifier') members.set(id.name, namesIn(declaration, members.get(id.name)));
    }
  }
}

function namesIn(node, found = new Set()) {
  walk(node, ({ type, name }) => {
    if (type === 'Identifier' || type === 'PrivateIdentifier') found.add(name);
    return true;
  });
  return found;
}

/** A metric's name is put together from its prefix and the rest. */
const isName = (word) =>
  names.has(word) ||
  FOREIGN.has(word) ||
  word in globalThis ||
  allTexts.includes(word.replace(/^millrace_[a-z]+_/, ''));

/** `word`, `Word.member`, `Word.#member`, with or without `()`. */
function isKnown(reference) {
  const [first, ...rest] = reference.replace(/\(\)$/, '').replaceAll('#', '').split('.');
  const known = members.get(first);
  if (known === undefined) return isName(first) && (first in globalThis || FOREIGN.has(first) || rest.every(isName));
  return rest.every((word, index) => (index === 0 ? known.has(word) : isName(word)));
}

function isFile(name, path) {
  const inSource = (other) => other === name || other.endsWith(`/${name}`) || other === join(dirname(path), name);
  return paths.some(inSource) || existsSync(join(root, name)) || existsSync(join(folder, dirname(path), name));
}

/** `session-lost`: a kind of event, a word of an option, or a file without its ending. */
const isWord = (word) => allTexts.includes(word) || paths.some((path) => path.endsWith(`/${word}.ts`));

const isRule = (rule) => guaranteed.has(rule) || NO_RULES.has(rule) || definers(rule).length > 0;
const definers = (rule) => paths.filter((path) => defined.get(path).has(rule));

function problemsOf(comment, path) {
  const text = comment.replaceAll(/^\s*\* ?/gm, '').replaceAll('\n', ' ');
  const quoted = [...text.matchAll(/`([^`]+)`/g), ...text.matchAll(/\{@link ([^}\s]+)[^}]*\}/g)].map(
    ([, inside]) => inside,
  );
  const mentioned = [...text.matchAll(/(?<![\w./<>-])(?:\.{0,2}[\w-]+\/)*[a-z][\w-]*(?:\.d)?\.(?:ts|mjs|md)\b/g)].map(
    ([name]) => name,
  );
  const rules = [...text.matchAll(/(?<![\w-])[A-Z]{1,2}\d{1,2}[a-z]?\b(?!-)/g)].map(([rule]) => rule);
  const isPath = (inside) => /^(?:[a-z][\w-]*\/)+$/.test(inside);
  return [
    ...mentioned.filter((name) => !isFile(name, path)),
    ...quoted.filter(
      (inside) =>
        /^[A-Za-z_$][\w$]*(?:\.#?[\w$]+)*(?:\(\))?$/.test(inside) && !mentioned.includes(inside) && !isKnown(inside),
    ),
    ...quoted.filter((inside) => isPath(inside) && ![...folders].some((known) => known.endsWith(`/${inside}`))),
    ...quoted.filter((inside) => /^[a-z]+(?:-[a-z]+)+$/.test(inside) && !isWord(inside)),
    ...rules.filter((rule) => !isRule(rule)),
  ];
}

const twiceDefined = (comment, path) =>
  definitions(comment).filter((rule) => !guaranteed.has(rule) && definers(rule).some((other) => other !== path));

let count = 0;
for (const { path, text, comments } of files) {
  for (const { value, start } of comments) {
    const problems = [
      ...problemsOf(value, path).map((problem) => `${problem}, which the comment refers to, is not there`),
      ...twiceDefined(value, path).map((rule) => `${rule} is the name of a rule of another file, too`),
    ];
    for (const problem of problems)
      console.error(`${relative('.', folder)}/${path}:${lineAt(text, start)}: ${problem}`);
    count += problems.length;
  }
}
process.exitCode = count === 0 ? 0 : 1;
