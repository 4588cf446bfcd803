/*
 * npm run runtime-check: the packed package in Deno and Bun, of pinned versions that are downloaded once from npm. A job without a store
 * runs at a real mosquitto, over TCP and WebSocket; one with a store is refused by name. Where a runtime cannot be had it is not checked,
 * and the last line says so.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryOf } from './package/binaries.mjs';
import { install, pack, root } from './package/packed.mjs';
import { mustRun, runJob, withBroker } from './package/smoke.mjs';

const { platform, arch } = process;
const BUN_ARCH = { x64: 'x64', arm64: 'aarch64' };

const RUNTIMES = [
  {
    title: 'Deno',
    version: '2.9.6',
    name: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`,
    path: 'deno',
    args: ['run', '--allow-all'],
  },
  { title: 'Bun', version: '1.4.5', name: `@oven/bun-${platform}-${BUN_ARCH[arch]}`, path: 'bin/bun', args: [] },
];

/** Deno follows no links out of a project without being told to. */
const PACKAGES = ['ws', 'lmdb', 'fs-native-extensions'];

function makeProject(tarball, project) {
  mkdirSync(project);
  install(tarball, project, []);
  for (const name of PACKAGES)
    cpSync(join(root, 'node_modules', name), join(project, 'node_modules', name), { recursive: true });
  cpSync(join(root, 'scripts/package/smoke/job.mjs'), join(project, 'job.mjs'));
}

function programOf(runtime) {
  try {
    return binaryOf(runtime);
  } catch (error) {
    notChecked.push(`${runtime.title} ${runtime.version} (${error.message.split('\n')[0]})`);
    return undefined;
  }
}

async function checkRuntime(command, title, project, broker) {
  await mustRun(command, { cwd: project, url: broker.url });
  await mustRun(command, { cwd: project, url: `ws://127.0.0.1:${broker.listenerPorts[0]}` });
  const refused = await runJob(command, { cwd: project, url: broker.url, dir: join(project, 'store') });
  if (refused.code !== 'UNSUPPORTED' || !refused.message.includes(title))
    throw new Error(`a store in ${title}: ${JSON.stringify(refused)}`);
}

const notChecked = [];
const work = mkdtempSync(join(tmpdir(), 'millrace-runtimes-'));
try {
  const { tarball } = pack(work);
  const project = join(work, 'project');
  makeProject(tarball, project);
  for (const runtime of RUNTIMES) {
    const program = programOf(runtime);
    if (program === undefined) continue;
    const command = [program, ...runtime.args, 'job.mjs'];
    const check = (broker) => checkRuntime(command, runtime.title, project, broker);
    await withBroker(`${runtime.title} ${runtime.version}`, check, { listeners: [{ protocol: 'websockets' }] });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (notChecked.length > 0) console.log(`NOT CHECKED, for it could not be downloaded: ${notChecked.join(', ')}`);
