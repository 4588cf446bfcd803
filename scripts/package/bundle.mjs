/*
 * node scripts/package/bundle.mjs [OUT] [--apart]: makes the JavaScript of the package from `src`, in `dist` or OUT. What an entry of
 * package.json needs is joined into few files, for to load 400 small ones takes several times as long; what entries share is in chunks, so
 * that each class is there once. With --apart file by file, for who counts what is in which. The types come from the compiler. What a browser
 * gets of `src/http/page` is beside them, in `page`.
 */
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({ options: { apart: { type: 'boolean' } }, allowPositionals: true });
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** By its name in `dist`, the file of `src` that an entry is made from. */
function entries() {
  const targets = Object.values(manifest.exports).flatMap((target) => target.default ?? []);
  const names = [...targets, ...Object.values(manifest.bin)].map((path) => /^(?:\.\/)?dist\/(.+)\.js$/.exec(path)[1]);
  const sources = names.map((name) => [name, join(root, 'src', `${name}.ts`)]);
  // a process of its own, which is sought beside the chunk that has `try-in-child.ts`
  const child = ['try-store-main', join(root, 'src/store/lmdb/opening/try-store-main.ts')];
  return Object.fromEntries([...sources, child]);
}

const bundle = await rolldown({
  input: entries(),
  platform: 'node',
  transform: { target: 'node20.19' },
  // what the compiler needs for a form that Node 20 has not (`using`) becomes part of it
  external: (id) => !/^(?:[./]|@oxc-project\/runtime\/)/.test(id),
});
const out = positionals[0] ?? join(root, 'dist');
await bundle.write({
  dir: out,
  cleanDir: true,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunk-[hash].js',
  // what nearly every entry needs, in one file: each costs as much as some 20 kB
  codeSplitting: { groups: [{ name: 'base', test: /\/src\/(?:errors|internal|metrics|connector(?!\/testing))\// }] },
  ...(values.apart ? { preserveModules: true, preserveModulesRoot: join(root, 'src') } : {}),
  // Readable as it is, so no source maps: they would be twice as large as the rest. The reasons stand in the sources.
  sourcemap: false,
  comments: false,
  minify: false,
});
await bundle.close();

/** Its scripts in one file, so that a browser asks once. */
const page = join(root, 'src/http/page');
const scripts = await rolldown({ input: join(page, 'main.js'), platform: 'browser' });
await scripts.write({ file: join(out, 'page/main.js'), format: 'esm', comments: false, minify: false });
await scripts.close();
for (const name of readdirSync(page))
  if (/\.(?:css|html|svg)$/.test(name)) copyFileSync(join(page, name), join(out, 'page', name));
