/*
 * npm run package-check: packs the package as npm would publish it, then looks at the tarball with attw and publint, at its links, and
 * installs it into an empty project without a registry, imports every subpath, starts the command and compiles against its types.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkBare } from './package/check-bare.mjs';
import { checkLinks } from './package/check-links.mjs';
import { checkPublint } from './package/check-publint.mjs';
import { checkTypes } from './package/check-types.mjs';
import { exportedFiles, install, manifest, pack, root, subpaths } from './package/packed.mjs';
import { runStep } from './run-step.mjs';

const work = mkdtempSync(join(tmpdir(), 'millrace-package-'));
const problems = [];

function check(holds, problem) {
  if (!holds) problems.push(problem);
}

/**
 * What attw says of the types for `require`: every supported Node can require an ES module, and they are there for compilers that do not
 * know it.
 */
const MEANT = ['cjs-resolves-to-esm', 'false-cjs'];

/** What a browser gets. */
const PAGE = ['index.html', 'main.js', 'page.css', 'icon.svg'].map((name) => `dist/page/${name}`);

/** It is found from where the modules lie in the package. */
const SERVES_PAGE = `
  const [{ Engine }, { serve }] = [await import('millrace'), await import('millrace/http')];
  const engine = Engine.embedded();
  const served = await serve(engine, { port: 0 });
  for (const path of ['/', '/page/main.js', '/page/page.css', '/page/icon.svg'])
    if (!(await fetch(served.url + path)).ok) process.exitCode = 1;
  await served.close();
  await engine.shutdown();`;

/** For an editor to offer nothing that cannot be imported, and for the import of few files. Each command is one that is loaded when it is asked for. */
const MAX_SCRIPTS = 75;

function checkContents(paths) {
  const strange = paths.filter((path) => /^(src|test|bench|scripts|examples)\/|\.test\.|tsbuildinfo/.test(path));
  check(strange.length === 0, `the tarball contains ${strange.join(', ')}`);
  const wanted = ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'package.json', ...PAGE, ...exportedFiles];
  for (const path of wanted) check(paths.includes(path), `the tarball has no ${path}`);
  const scripts = paths.filter((path) => path.endsWith('.js'));
  check(scripts.length <= MAX_SCRIPTS, `the tarball has ${scripts.length} scripts, at most ${MAX_SCRIPTS} may be`);
}

/** Each subpath says for `require` and for compilers that read no `exports` what it says for `import`. */
function checkExports() {
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue;
    const { types, default: script } = target;
    const required = { types: types.replace('./dist/', './dist/require/'), default: script };
    check(isDeepStrictEqual(target.require, required), `package.json: ${subpath} has no "require" like its others`);
    const named = manifest.typesVersions['*'][subpath.slice(2)];
    check(subpath === '.' || isDeepStrictEqual(named, [types]), `package.json: typesVersions has no ${subpath}`);
  }
}

function checkCommand() {
  for (const path of Object.values(manifest.bin)) {
    const source = readFileSync(join(root, path), 'utf8');
    check(source.startsWith('#!/usr/bin/env node\n'), `${path} does not begin with a node shebang`);
  }
}

function checkInstalled(project) {
  for (const subpath of subpaths) {
    const script = `const exported = Object.keys(await import('${subpath}')); if (exported.length === 0) process.exitCode = 1;`;
    runStep(process.execPath, ['--input-type=module', '-e', script], { cwd: project, timeoutMs: 20_000 });
  }
  runStep(process.execPath, ['--input-type=module', '-e', SERVES_PAGE], { cwd: project, timeoutMs: 20_000 });
  for (const name of Object.keys(manifest.bin)) {
    const command = join(project, 'node_modules', '.bin', name);
    const help = runStep(command, ['--help'], { cwd: project, timeoutMs: 20_000 });
    check(/^ +bridge /m.test(help), `${name} --help does not name the bridge:\n${help}`);
    const version = runStep(command, ['--version'], { cwd: project, timeoutMs: 20_000 });
    check(version.includes(manifest.version), `${name} --version says ${version.trim()}`);
  }
}

function emptyProject() {
  const project = join(work, 'project');
  mkdirSync(project);
  return project;
}

try {
  const { tarball, paths } = pack(work);
  checkContents(paths);
  checkExports();
  checkCommand();
  problems.push(...checkLinks(paths));
  runStep('npx', ['--no-install', 'attw', tarball, '--no-emoji', '--ignore-rules', ...MEANT], { cwd: root });
  problems.push(...(await checkPublint(tarball)));
  problems.push(...checkBare(tarball, work));
  problems.push(...checkTypes(tarball, work));
  checkInstalled(install(tarball, emptyProject()));
  if (problems.length === 0)
    console.log(`The package is sound: ${paths.length} files, ${statSync(tarball).size} bytes packed.`);
} catch (error) {
  problems.push(error.message);
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
