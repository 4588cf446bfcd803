/* What an entry of the package shows of itself in its `.d.ts` files. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { walk } from './source-files.mjs';

/**
 * The lines of each declaration by its name: what the entry exports, and in brackets what that leads to. Without comments and
 * private members.
 */
export function publicSurface(entry) {
  const modules = new Map();
  const moduleAt = (path) => {
    if (!modules.has(path)) modules.set(path, readModule(path));
    return modules.get(path);
  };
  const keyOf = ({ path, name }) => `${path} ${name}`;
  const exported = [...exportsOf(entry, moduleAt)].filter(([, place]) => place !== undefined);
  const names = new Map(exported.map(([name, place]) => [keyOf(place), name]));
  const found = new Map();
  const seen = new Set();
  const visit = (place) => {
    const key = keyOf(place);
    if (seen.has(key)) return;
    seen.add(key);
    const name = names.get(key) ?? `(${place.name})`;
    const declarations = moduleAt(place.path).declarations.get(place.name) ?? [];
    found.set(name, [...(found.get(name) ?? []), ...declarations.flatMap(({ lines }) => lines)]);
    for (const used of new Set(declarations.flatMap((declaration) => declaration.names))) {
      const target = placeOf(place.path, used, moduleAt);
      if (target !== undefined) visit(target);
    }
  };
  for (const [, place] of exported) visit(place);
  return found;
}

/** Where a name of a file is declared: there, or in the file that it is imported from. */
function placeOf(path, name, moduleAt) {
  const { imports, declarations } = moduleAt(path);
  if (declarations.has(name)) return { path, name };
  const from = imports.get(name);
  return from === undefined ? undefined : exportsOf(from.path, moduleAt).get(from.name);
}

function exportsOf(path, moduleAt) {
  const { exports, stars } = moduleAt(path);
  const all = new Map(stars.flatMap((star) => [...exportsOf(star, moduleAt)]));
  for (const [name, { from, local }] of exports) {
    all.set(name, from === undefined ? placeOf(path, local, moduleAt) : exportsOf(from, moduleAt).get(local));
  }
  return all;
}

function readModule(path) {
  const source = readFileSync(path, 'utf8');
  const { program, comments } = parseSync(path, source);
  let text = source;
  for (const { start, end } of comments) text = text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
  const module = { imports: new Map(), exports: new Map(), stars: [], declarations: new Map() };
  for (const statement of program.body) readStatement(statement, module, text, path);
  return module;
}

function readStatement(statement, { imports, exports, stars, declarations }, text, path) {
  const from = statement.source?.value.startsWith('.') ? declarationsAt(path, statement.source.value) : undefined;
  if (statement.type === 'ExportAllDeclaration') return from === undefined ? undefined : stars.push(from);
  if (statement.type === 'ImportDeclaration') {
    for (const { local, imported } of from === undefined ? [] : statement.specifiers) {
      imports.set(local.name, { path: from, name: imported?.name ?? 'default' });
    }
    return undefined;
  }
  for (const { exported, local } of statement.specifiers ?? []) exports.set(exported.name, { from, local: local.name });
  const declaration = statement.declaration ?? statement;
  for (const { id } of declaration.declarations ?? [declaration]) {
    if (id?.type !== 'Identifier') continue;
    if (statement.declaration) exports.set(id.name, { from: undefined, local: id.name });
    declarations.set(id.name, [...(declarations.get(id.name) ?? []), read(declaration, text)]);
  }
  return undefined;
}

const declarationsAt = (path, name) => join(dirname(path), name.replace(/\.js$/, '.d.ts'));

function read(node, text) {
  const names = [];
  walk(node, ({ type, name }) => {
    if (type === 'Identifier') names.push(name);
    return true;
  });
  const lines = text.slice(node.start, node.end).split('\n');
  const told = lines.map((line) => line.trim().replace(/^declare /, ''));
  return { names, lines: told.filter((line) => line !== '' && line !== '#private;' && !line.startsWith('private ')) };
}
