/* The package as npm would publish it, and projects that have it installed: what the checks of the package share. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStep } from '../run-step.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Packs our folder, which builds first (`prepack`), into a folder; returns the tarball and the paths in it. */
export function pack(into) {
  const before = new Set(readdirSync(into));
  runStep('npm', ['pack', root, '--silent', '--pack-destination', into], { cwd: root });
  const name = readdirSync(into).find((file) => file.endsWith('.tgz') && !before.has(file));
  if (name === undefined) throw new Error('npm pack made no tarball');
  const tarball = join(into, name);
  const paths = runStep('tar', ['-tzf', tarball]).split('\n').filter(Boolean);
  return { tarball, paths: paths.map((path) => path.replace(/^[^/]+\//, '')) };
}

/** An empty project with the tarball unpacked in it and packages of the checkout beside it, so that no registry is asked. */
export function install(tarball, project, packages = Object.keys(manifest.dependencies)) {
  const modules = join(project, 'node_modules');
  const ours = join(modules, manifest.name);
  mkdirSync(join(modules, '.bin'), { recursive: true });
  mkdirSync(ours);
  const empty = { name: 'empty', version: '1.0.0', private: true, type: 'module' };
  writeFileSync(join(project, 'package.json'), JSON.stringify(empty));
  runStep('tar', ['-xzf', tarball, '--strip-components=1', '-C', ours]);
  for (const name of packages) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const [name, path] of Object.entries(manifest.bin)) {
    // as npm does it
    chmodSync(join(ours, path), 0o755);
    symlinkSync(join(ours, path), join(modules, '.bin', name));
  }
  return project;
}

/** `millrace`, `millrace/protocol`, …: what can be imported. */
export const subpaths = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([subpath]) => subpath.replace(/^\./, manifest.name));

/** What `exports` and `bin` lead to, as paths in the package. */
export const exportedFiles = [...targetsOf(manifest.exports), ...targetsOf(manifest.bin)].map((path) =>
  path.replace(/^\.\//, ''),
);

function targetsOf(target) {
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(targetsOf);
}
