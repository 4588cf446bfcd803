/*
 * A part of npm run package-check: the types are found and held to, by the compiler of ours and by one of 2024, from ES modules and from
 * CommonJS, with each way to resolve modules that these have. What is compiled to CommonJS also runs.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureTools, toolsRequire } from '../ensure-tools.mjs';
import { runStep } from '../run-step.mjs';
import { install, manifest, root } from './packed.mjs';

const NODENEXT = ['--module', 'nodenext'];
const NODE16 = ['--module', 'node16'];
const BUNDLER = ['--module', 'esnext', '--moduleResolution', 'bundler'];
const NODE10 = ['--module', 'commonjs', '--moduleResolution', 'node10'];
const ALWAYS = [
  '--strict',
  '--target',
  'es2022',
  '--lib',
  'es2023,esnext.disposable',
  '--types',
  'node',
  '--pretty',
  'false',
];

/** The compilers by their folder, with the settings in which each is asked. */
const ASKED = [
  { compiler: () => toolsRequire.resolve('typescript/package.json'), settings: [NODENEXT, NODE16, BUNDLER, NODE10] },
  {
    compiler: () => createRequire(join(root, 'package.json')).resolve('typescript/package.json'),
    settings: [NODENEXT, NODE16, BUNDLER],
  },
];

export function checkTypes(tarball, work) {
  ensureTools();
  const problems = [];
  for (const type of ['module', 'commonjs']) {
    const project = projectOf(tarball, join(work, `types-${type}`), type);
    for (const { compiler, settings } of ASKED) {
      const tsc = join(compiler(), '../bin/tsc');
      for (const setting of settings) problems.push(...compile(project, tsc, setting));
    }
  }
  return problems;
}

function projectOf(tarball, project, type) {
  mkdirSync(project);
  install(tarball, project, [...Object.keys(manifest.dependencies), '@types/node', 'undici-types']);
  cpSync(join(root, 'scripts/package/types/use.ts'), join(project, 'use.ts'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'typed', private: true, type }));
  return project;
}

/** The libraries are looked at, too: no `skipLibCheck`. */
function compile(project, tsc, setting) {
  try {
    runStep(process.execPath, [tsc, ...ALWAYS, ...setting, '--outDir', 'out', 'use.ts'], { cwd: project });
    const runs = setting === NODENEXT;
    if (runs) runStep(process.execPath, ['out/use.js'], { cwd: project, timeoutMs: 60_000 });
    return [];
  } catch (error) {
    return [`types in ${project}: ${error.message}`];
  }
}
