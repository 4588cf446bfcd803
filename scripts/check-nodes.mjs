/*
 * npm run node-check: the packed package on each Node that it supports, as a user has it. Imports every subpath, runs a job without and
 * with a store at a real mosquitto, the bridge of the command, and a pipeline in TypeScript. The versions are pinned, and are downloaded
 * once from npm's `node-<platform>-<arch>`.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../test/support/child-process.ts';
import { publishAll } from '../test/support/clients/mosquitto-pub.ts';
import { startMosquittoSub } from '../test/support/clients/mosquitto-sub.ts';
import { binaryOf } from './package/binaries.mjs';
import { install, pack, root, subpaths } from './package/packed.mjs';
import { mustRun, mustRunWithStore, withBroker } from './package/smoke.mjs';
import { runStep } from './run-step.mjs';

/** The least that package.json allows, the first that strips types by itself, and what is current. */
const VERSIONS = ['20.19.0', '22.18.0', '24.21.0'];
const nodeOf = (version) => binaryOf({ name: `node-${process.platform}-${process.arch}`, version, path: 'bin/node' });

async function checkNode(node, version, project, broker) {
  const said = runStep(node, ['--version']).trim();
  if (said !== `v${version}`) throw new Error(`this is no Node ${version}: ${said}`);
  const imports = subpaths.map((subpath) => `await import('${subpath}'); require('${subpath}');`).join('\n');
  const script = `import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/x.js'); ${imports}`;
  runStep(node, ['--input-type=module', '-e', script], { cwd: project });
  const job = [node, 'job.mjs'];
  await mustRun(job, { cwd: project, url: broker.url });
  await mustRunWithStore(job, { cwd: project, url: broker.url, dir: join(project, `store-${version}`) });
  const command = [node, join(project, 'node_modules/millrace/dist/cli/main.js')];
  await checkCommand([...command, 'bridge', ...BRIDGE(broker.url)], 'bridge', project, broker);
  await checkPipeline(node, version, command, project, broker);
}

const BRIDGE = (url) => [
  '--from',
  url,
  '--topic',
  'bridge/in',
  '--to',
  url,
  '--to-topic',
  'bridge/out',
  '--client-id',
  'b',
];

/** What it is given on `<name>/in` must come out at `<name>/out`, and SIGTERM must end it in order. */
async function checkCommand([node, ...args], name, project, broker) {
  const child = startChild(node, args, { cwd: project });
  await child.waitForLine(/RUNNING/);
  const heard = await startMosquittoSub({ port: broker.port, topic: `${name}/out` });
  await publishAll({ port: broker.port, topic: `${name}/in` }, ['one', 'two']);
  await heard.untilCount(2);
  await heard.close();
  const { code } = await child.end('SIGTERM');
  if (code !== 0) throw new Error(`millrace ${args[1]} ended with ${code}: ${child.stderr.join('\n')}`);
}

const PIPELINE = (url) => `
import { MqttSinks, MqttSources, Pipeline } from 'millrace';
const pipeline: Pipeline = Pipeline.create();
const source = MqttSources.builder().broker('${url}').clientId('run-in').keepSession().topic('run/in').build();
pipeline.readFrom(source).writeTo(MqttSinks.mqtt<Uint8Array>('${url}', 'run/out'));
export default pipeline;
`;

/** TypeScript as it is, or, on a Node that does not strip types, a sentence that says what to install. */
async function checkPipeline(node, version, command, project, broker) {
  writeFileSync(join(project, 'pipeline.ts'), PIPELINE(broker.url));
  const strips = runStep(node, ['-p', 'Boolean(process.features.typescript)']).trim() === 'true';
  if (strips) return checkCommand([...command, 'run', 'pipeline.ts'], 'run', project, broker);
  const child = startChild(node, [...command.slice(1), 'run', 'pipeline.ts'], { cwd: project });
  await child.exited;
  if (!/cannot run TypeScript.*npm install --save-dev tsx/.test(child.stderr.join(' ')))
    throw new Error(`millrace run on ${version}: ${child.stderr.join('\n')}`);
}

const work = mkdtempSync(join(tmpdir(), 'millrace-nodes-'));
try {
  const { tarball } = pack(work);
  const project = join(work, 'project');
  mkdirSync(project);
  install(tarball, project);
  cpSync(join(root, 'scripts/package/smoke/job.mjs'), join(project, 'job.mjs'));
  for (const version of VERSIONS) {
    const node = nodeOf(version);
    await withBroker(`Node ${version}`, (broker) => checkNode(node, version, project, broker));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
