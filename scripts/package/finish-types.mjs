/*
 * A part of npm run build, on the types that the compiler made in `dist`. Those stay that an entry of package.json leads to: nobody can
 * import the others, and an editor would offer them. They are there a second time in `dist/require`, as those of CommonJS modules: a
 * compiler below 5.8 refuses to `require` an ES module, which every supported Node can.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { manifest, root } from './packed.mjs';

const dist = join(root, 'dist');
const copies = join(dist, 'require');
const reached = new Set();

function reach(path) {
  if (reached.has(path)) return;
  reached.add(path);
  for (const [, name] of readFileSync(path, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
    reach(join(dirname(path), `${name}.d.ts`));
  }
}

for (const { types } of Object.values(manifest.exports)) if (types !== undefined) reach(join(root, types));
rmSync(copies, { recursive: true, force: true });
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const path = join(dist, name);
  if (name.endsWith('.d.ts') && !reached.has(path)) rmSync(path);
}
for (const path of reached) cpSync(path, join(copies, relative(dist, path)));
writeFileSync(join(copies, 'package.json'), '{ "type": "commonjs" }\n');
