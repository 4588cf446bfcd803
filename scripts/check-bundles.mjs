/*
 * npm run bundle-check: the configurations in docs/bundling.md, as they stand there. Each bundles `package/smoke/app.mjs` with the packed
 * package, and what comes out must run its job at a real mosquitto: alone, and with the packages of a store beside it; and serve the page
 * that is copied beside it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureTools } from './ensure-tools.mjs';
import { install, pack, root } from './package/packed.mjs';
import { mustRun, mustRunWithStore, runJob, withBroker } from './package/smoke.mjs';
import { runStep } from './run-step.mjs';

const BUNDLERS = ['esbuild', 'vite', 'webpack'];
const STORE = ['lmdb', 'fs-native-extensions'];
const tools = join(root, 'tools/node_modules');

/** webpack without the package of its command. */
const RUN_WEBPACK = `
  import webpack from 'webpack';
  import config from './webpack.config.js';
  webpack(config, (error, stats) => {
    if (error !== null || stats.hasErrors()) throw error ?? new Error(stats.toString('errors-only'));
  });`;

/** By the file that a block of the page is for: how it is run, and what it makes. */
const BUILDS = {
  'build.js': { args: ['build.js'] },
  'build-one.js': { args: ['build-one.js'], app: 'app.cjs', module: false },
  'vite.config.js': { args: [join(tools, 'vite/bin/vite.js'), 'build', '--logLevel', 'warn'] },
  'webpack.config.js': { args: ['--input-type=module', '-e', RUN_WEBPACK] },
};

/** The blocks of the page by the file that their first line names. */
function configurations() {
  const page = readFileSync(join(root, 'docs/bundling.md'), 'utf8');
  const blocks = [...page.matchAll(/^```js\n(\/\/ (\S+): .*\n[\s\S]*?)^```$/gm)].map(([, text, file]) => [file, text]);
  const found = blocks.map(([file]) => file).sort();
  if (String(found) !== String(Object.keys(BUILDS).sort()))
    throw new Error(`docs/bundling.md has ${found}, this check knows ${Object.keys(BUILDS)}`);
  return new Map(blocks);
}

function makeProject(tarball, project, file, text) {
  mkdirSync(join(project, 'src'), { recursive: true });
  install(tarball, project, ['ws']);
  for (const name of BUNDLERS) symlinkSync(join(tools, name), join(project, 'node_modules', name));
  cpSync(join(root, 'scripts/package/smoke/app.mjs'), join(project, 'src/app.js'));
  cpSync(join(root, 'scripts/package/smoke/job.mjs'), join(project, 'src/job.mjs'));
  writeFileSync(join(project, file), text);
}

/** The bundle in a folder where nothing else is, but for the packages that are named. */
function deploy(project, folder, packages) {
  cpSync(join(project, 'dist'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  mkdirSync(join(folder, 'node_modules'));
  for (const name of packages) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}

/** @param isModule whether it knows where it lies, so that it finds the page */
function checkPage(project, folder, app, isModule) {
  const expect = (wanted) => {
    const said = execFileSync(process.execPath, [app, 'page'], { cwd: folder, encoding: 'utf8' }).trim();
    if (said !== `${wanted} ${wanted} ${wanted} ${wanted}`)
      throw new Error(`the files of the page are answered with ${said}, not ${wanted}`);
  };
  expect(404);
  cpSync(join(project, 'node_modules/millrace/dist/page'), join(folder, 'page'), { recursive: true });
  expect(isModule ? 200 : 404);
}

async function checkBundle(project, { args, app = 'app.js', module: isModule = true }, broker) {
  runStep(process.execPath, args, { cwd: project });
  const command = [process.execPath, app];
  const alone = deploy(project, join(project, 'alone'), []);
  await mustRun(command, { cwd: alone, url: broker.url });
  await mustRun(command, { cwd: alone, url: `ws://127.0.0.1:${broker.listenerPorts[0]}` });
  const refused = await runJob(command, { cwd: alone, url: broker.url, dir: join(alone, 'store') });
  if (refused.code !== 'UNSUPPORTED') throw new Error(`a store without its packages: ${JSON.stringify(refused)}`);
  const stored = deploy(project, join(project, 'stored'), STORE);
  checkPage(project, alone, app, isModule);
  await (isModule ? mustRunWithStore : mustRun)(command, { cwd: stored, url: broker.url, dir: join(stored, 'store') });
}

ensureTools();
const work = mkdtempSync(join(tmpdir(), 'millrace-bundles-'));
try {
  const { tarball } = pack(work);
  for (const [file, text] of configurations()) {
    const project = join(work, file);
    makeProject(tarball, project, file, text);
    await withBroker(file, (broker) => checkBundle(project, BUILDS[file], broker), {
      listeners: [{ protocol: 'websockets' }],
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
