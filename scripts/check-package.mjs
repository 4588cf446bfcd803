/*
 * npm run package-check: packs the package as npm would publish it, then looks at the tarball with attw and publint, installs
 * it into an empty project without a registry, imports every subpath and starts the command.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStep } from './run-step.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'millrace-package-'));
const problems = [];

function check(holds, problem) {
  if (!holds) problems.push(problem);
}

/** Packs a folder (for ours this builds first, by `prepack`); returns the tarball and the paths in it. */
function pack(folder) {
  const before = new Set(readdirSync(work));
  runStep('npm', ['pack', folder, '--silent', '--pack-destination', work], { cwd: root });
  const name = readdirSync(work).find((file) => file.endsWith('.tgz') && !before.has(file));
  if (name === undefined) throw new Error(`npm pack ${folder} made no tarball`);
  const tarball = join(work, name);
  const paths = runStep('tar', ['-tzf', tarball]).split('\n').filter(Boolean);
  return { tarball, paths: paths.map((path) => path.replace(/^[^/]+\//, '')) };
}

function checkContents(paths) {
  const strange = paths.filter((path) => /^(src|test|bench|scripts|examples)\/|\.test\.|tsbuildinfo/.test(path));
  check(strange.length === 0, `the tarball contains ${strange.join(', ')}`);
  const wanted = ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'package.json', ...exportedFiles()];
  for (const path of wanted) check(paths.includes(path), `the tarball has no ${path}`);
  for (const path of paths.filter((file) => file.endsWith('.js'))) {
    check(paths.includes(path.replace(/\.js$/, '.d.ts')), `${path} has no types beside it`);
  }
}

function exportedFiles() {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  return [...targets, ...Object.values(manifest.bin)].map((path) => path.replace(/^\.\//, ''));
}

function checkCommand() {
  for (const path of Object.values(manifest.bin)) {
    const source = readFileSync(join(root, path), 'utf8');
    check(source.startsWith('#!/usr/bin/env node\n'), `${path} does not begin with a node shebang`);
  }
}

/** An empty project with our tarball unpacked and our dependencies beside it, so that no registry is asked. */
function install(tarball) {
  const project = join(work, 'project');
  const modules = join(project, 'node_modules');
  const ours = join(modules, manifest.name);
  mkdirSync(join(modules, '.bin'), { recursive: true });
  mkdirSync(ours);
  writeFileSync(
    join(project, 'package.json'),
    '{ "name": "empty", "version": "1.0.0", "private": true, "type": "module" }\n',
  );
  runStep('tar', ['-xzf', tarball, '--strip-components=1', '-C', ours]);
  for (const name of Object.keys(manifest.dependencies)) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const [name, path] of Object.entries(manifest.bin)) {
    // as npm does it
    chmodSync(join(ours, path), 0o755);
    symlinkSync(join(ours, path), join(modules, '.bin', name));
  }
  return project;
}

function checkInstalled(project) {
  const subpaths = Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([subpath]) => subpath.replace(/^\./, manifest.name));
  for (const subpath of subpaths) {
    const script = `const exported = Object.keys(await import('${subpath}')); if (exported.length === 0) process.exitCode = 1;`;
    runStep(process.execPath, ['--input-type=module', '-e', script], { cwd: project, timeoutMs: 20_000 });
  }
  for (const name of Object.keys(manifest.bin)) {
    const command = join(project, 'node_modules', '.bin', name);
    const help = runStep(command, ['--help'], { cwd: project, timeoutMs: 20_000 });
    check(/^ +bridge /m.test(help), `${name} --help does not name the bridge:\n${help}`);
    const version = runStep(command, ['--version'], { cwd: project, timeoutMs: 20_000 });
    check(version.includes(manifest.version), `${name} --version says ${version.trim()}`);
  }
}

try {
  const { tarball, paths } = pack(root);
  checkContents(paths);
  checkCommand();
  runStep('npx', ['--no-install', 'attw', tarball, '--profile', 'esm-only', '--no-emoji'], { cwd: root });
  runStep('npx', ['--no-install', 'publint', tarball, '--strict'], { cwd: root });
  checkInstalled(install(tarball));
  if (problems.length === 0)
    console.log(`The package is sound: ${paths.length} files, ${statSync(tarball).size} bytes packed.`);
} catch (error) {
  problems.push(error.message);
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
