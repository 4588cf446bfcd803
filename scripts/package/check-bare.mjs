/*
 * A part of npm run package-check: what is not needed is not loaded. Where none of our dependencies is installed every subpath can be
 * imported, and what needs one says so; and an import costs little beside the start of Node.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runStep } from '../run-step.mjs';
import { install, subpaths } from './packed.mjs';

/** It is 1.5 as this is written, and was 5.3 when each file was loaded by itself and `ws` with them. */
const MAX_RATIO = 2.5;
const ROUNDS = 5;

const NEEDS = {
  ws: `const source = MqttSources.builder().broker('ws://127.0.0.1:9').topic('a').build(); await source.open();`,
  'fs-native-extensions': `
    const pipeline = Pipeline.create();
    const source = MqttSources.builder().broker('mqtt://127.0.0.1:9').clientId('a').keepSession();
    const sink = MqttSinks.builder().broker('mqtt://127.0.0.1:9').clientId('b').topic('b');
    pipeline.readFrom(source.topic('a').qualityOfService(2).build()).writeTo(sink.qualityOfService(2).build());
    await Engine.embedded({ dir: 'store' }).newJob(pipeline, { name: 'a', processingGuarantee: 'exactly-once' }).join();`,
};

export function checkBare(tarball, work) {
  const project = join(work, 'bare');
  mkdirSync(project);
  install(tarball, project, []);
  const node = (code) =>
    runStep(process.execPath, ['--input-type=module', '-e', code], { cwd: project, timeoutMs: 60_000 });
  for (const subpath of subpaths) {
    if (node(`console.log(Object.keys(await import('${subpath}')).length)`).trim() === '0')
      throw new Error(`${subpath} exports nothing`);
  }
  for (const [name, code] of Object.entries(NEEDS)) checkTold(name, node(told(code)));
  return checkTime(node);
}

const told = (code) => `
  import { Engine, MqttSinks, MqttSources, Pipeline } from 'millrace';
  try { ${code} } catch (error) { console.log(JSON.stringify(error)); }`;

function checkTold(name, output) {
  const { code, advice } = JSON.parse(output || '{}');
  if (code !== 'UNSUPPORTED' || !advice.includes(name)) throw new Error(`without ${name}: ${output}`);
}

/** In processor time, the least of some rounds: neighbours on the machine count little. */
function checkTime(node) {
  const least = (code) => Math.min(...Array.from({ length: ROUNDS }, () => Number(node(`${code}; ${USED}`))));
  const [nothing, millrace] = [least(''), least(`await import('millrace')`)];
  const ratio = millrace / nothing;
  console.log(`import 'millrace': ${millrace.toFixed(0)} ms of processor time, ${nothing.toFixed(0)} for Node alone.`);
  return ratio > MAX_RATIO ? [`import 'millrace' takes ${ratio.toFixed(1)} times the start of Node`] : [];
}

const USED =
  'const { userCPUTime, systemCPUTime } = process.resourceUsage(); console.log((userCPUTime + systemCPUTime) / 1000)';
