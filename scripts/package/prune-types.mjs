/*
 * A part of npm run build: of the types that the compiler made in `dist`, those stay that an entry of package.json leads to. Nobody can
 * import the others, and an editor would offer them.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const reached = new Set();

function reach(path) {
  if (reached.has(path)) return;
  reached.add(path);
  for (const [, name] of readFileSync(path, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
    reach(join(dirname(path), `${name}.d.ts`));
  }
}

for (const { types } of Object.values(manifest.exports)) if (types !== undefined) reach(join(root, types));
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const path = join(dist, name);
  if (name.endsWith('.d.ts') && !reached.has(path)) rmSync(path);
}
