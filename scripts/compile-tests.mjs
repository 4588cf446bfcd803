/*
 * The sources and tests as JavaScript, file by file, made once for each run of the tests. To load them is then a fifth of the work that it is
 * through tsx, which each of some hundred processes would do anew. Stack traces name the TypeScript, by source maps (--enable-source-maps).
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'rolldown/utils';

const FOLDERS = ['src', 'test', 'scripts', 'examples', 'evidence', 'bench'];
/** A run that was killed has left its folder; one that is under way is younger. */
const KEPT_MS = 86_400_000;

/** The path of what is made of a file: that of TypeScript ends in `.js`, as its importers name it. */
export const compiledPath = (folder, file) => join(folder, file.replace(/\.ts$/, '.js'));

/** Compiles what lies at `root` into a folder of this process, which is removed at its end. It is inside of `node_modules`, so that dependencies are found. */
export async function compileTests(root) {
  const cache = join(root, 'node_modules/.cache/millrace-tests');
  const folder = join(cache, String(process.pid));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  removeOld(cache, folder);
  const files = FOLDERS.flatMap((name) => filesIn(root, name));
  for (const parent of new Set(files.map((file) => dirname(join(folder, file)))))
    mkdirSync(parent, { recursive: true });
  // `import 'millrace'` means what is compiled
  const manifest = readFileSync(join(root, 'package.json'), 'utf8').replaceAll('./dist/', './src/');
  writeFileSync(join(folder, 'package.json'), manifest);
  await Promise.all(files.map((file) => compileFile(root, folder, file)));
  return folder;
}

function removeOld(cache, folder) {
  mkdirSync(cache, { recursive: true });
  for (const path of readdirSync(cache).map((name) => join(cache, name))) {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (path === folder || age > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}

function filesIn(root, name) {
  return readdirSync(join(root, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (name === 'src' || isProgram(entry.name)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const isProgram = (file) => /\.(?:ts|mjs)$/.test(file);

/**
 * @param file from `root`; the folders of its path exist in `folder`
 * @param text that of the file, or another one to be taken for it
 */
export async function compileFile(root, folder, file, text = readFileSync(join(root, file), 'utf8')) {
  const [from, to] = [join(root, file), compiledPath(folder, file)];
  // what a browser is given, as it is
  if (!isProgram(file)) return copyFileSync(from, to);
  const url = pathToFileURL(from).href;
  const { code, map, errors } = await transform(url, text, {
    lang: file.endsWith('.ts') ? 'ts' : 'js',
    target: 'node20.19',
    typescript: { onlyRemoveTypeImports: true },
    sourcemap: true,
    // what lies beside a test is where the test is; what the product seeks beside itself is made of its sources, too
    define: file.startsWith('src') ? {} : { 'import.meta.url': JSON.stringify(url) },
  });
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  writeFileSync(to, `${code}//# sourceMappingURL=${basename(to)}.map\n`);
  writeFileSync(`${to}.map`, JSON.stringify({ ...map, sourcesContent: undefined }));
}
