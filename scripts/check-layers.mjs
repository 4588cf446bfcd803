/*
 * A part of npm run lint: holds every file of `src`, or of the folder that is given, to the layers in `layers.mjs`. An import is
 * judged by the file it leads to, however it is written, and it must be written the short way.
 */
import { posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { impurities } from './impurities.mjs';
import { LAYERS } from './layers.mjs';
import { lineAt, sourceFiles, walk } from './source-files.mjs';

const folder = process.argv[2] ?? fileURLToPath(new URL('../src', import.meta.url));
const files = sourceFiles(folder);
const problems = [];

const lies = (path, inside) => path === inside || path.startsWith(`${inside}/`);
/** The nearest layer that a path lies in. */
const layerOf = (path) =>
  LAYERS.filter((layer) => lies(path, layer.folder)).sort((a, b) => b.folder.length - a.folder.length)[0];

/** A folder that a layer may import comes with what is in it, except for what is closed. */
function mayImport(layer, path) {
  const other = layerOf(path);
  if (other === layer || other === undefined || layer.imports.includes(other.folder)) return other !== undefined;
  return other.closed !== true && [...layer.imports, layer.folder].some((allowed) => lies(path, allowed));
}

/** What the file imports, in whichever way, and where. */
function importsOf({ program, text }) {
  const found = [];
  walk(program, (node) => {
    const source = node.type === 'TSImportType' ? node.source : node.source?.type === 'Literal' && node.source;
    if (source) found.push({ name: source.value, line: lineAt(text, node.start) });
  });
  return found;
}

/** What is wrong with an import; undefined: nothing. */
function wrongImport(layer, path, name) {
  if (!name.startsWith('.')) return wrongPackage(layer, name);
  const target = posix.join(posix.dirname(path), name);
  const short = posix.relative(posix.dirname(path), target);
  const written = short.startsWith('.') ? short : `./${short}`;
  if (target.startsWith('../')) return `imports ${name}, which does not lie in src`;
  if (name !== written) return `imports ${name}, which is written ${written}`;
  if (mayImport(layer, target.replace(/\.js$/, '.ts'))) return undefined;
  const allowed = layer.imports.length === 0 ? 'nothing' : layer.imports.join(', ');
  return `imports ${target}: ${layer.folder} may import only from ${allowed}`;
}

function wrongPackage(layer, name) {
  if (name.startsWith('node:')) {
    return layer.pure === true ? `imports ${name}: ${layer.folder} is pure, without the platform` : undefined;
  }
  const packages = layer.packages ?? [];
  return packages.includes(name) ? undefined : `imports ${name}: no package that ${layer.folder} may import`;
}

function check(file) {
  const tell = (line, what) => problems.push(`${file.path}:${line}: ${what}`);
  const layer = layerOf(file.path);
  if (layer === undefined) return tell(1, 'lies in no layer');
  for (const { name, line } of importsOf(file)) {
    const wrong = wrongImport(layer, file.path, name);
    if (wrong !== undefined) tell(line, wrong);
  }
  if (layer.pure !== true) return;
  for (const { what, line } of impurities(file))
    tell(line, `${what}: ${layer.folder} is pure, it has no clock, chance or platform`);
}

/** The table itself: a row for what is not there guards nothing. */
function checkTable() {
  const folders = LAYERS.map((layer) => layer.folder);
  for (const layer of LAYERS) {
    if (!files.some(({ path }) => lies(path, layer.folder))) problems.push(`layers.mjs: there is no ${layer.folder}`);
    for (const name of layer.imports) {
      if (!folders.includes(name)) problems.push(`layers.mjs: ${layer.folder} imports ${name}, which is no row`);
    }
  }
}

checkTable();
for (const file of files) check(file);
for (const problem of problems) {
  console.error(problem.startsWith('layers.mjs') ? problem : `${relative('.', folder)}/${problem}`);
}
if (problems.length > 0) console.error('The layers are the table in scripts/layers.mjs.');
process.exitCode = problems.length === 0 ? 0 : 1;
