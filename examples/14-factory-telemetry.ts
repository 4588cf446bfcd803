/*
 * A factory: what forty machines tell is checked, put into one unit, completed by somebody else's service that fails and hangs, averaged,
 * and watched. An alarm is raised once, and once it is over that is said; what is wrong is a dead letter with its cause. The program is
 * killed in the middle, and what came out in the end is exactly what a plain loop makes of the same messages.
 *
 *   npx tsx examples/14-factory-telemetry.ts
 *
 * The pipeline is factory-telemetry/pipeline.ts, what the machines tell factory-telemetry/shift.ts, and the plain loop
 * factory-telemetry/model.ts.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ControlRoom, controlRoom } from './factory-telemetry/control-room.js';
import { model } from './factory-telemetry/model.js';
import { factoryTelemetry } from './factory-telemetry/pipeline.js';
import { startRegisterServer } from './factory-telemetry/register-server.js';
import { shift, type Telling } from './factory-telemetry/shift.js';
import { runSupervised } from './support/run-supervised.js';
import { startMosquitto } from './support/start-mosquitto.js';
import { type SupervisedProgram, supervise } from './support/supervise.js';
import { until } from './support/until.js';

async function main(): Promise<void> {
  await using broker = await startMosquitto();
  await using register = await startRegisterServer();
  await using room = await controlRoom(broker.url);
  const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
  await using worker = supervise(fileURLToPath(import.meta.url), 'telemetry', broker.url, register.url, dir);
  const told = shift();
  const { averages, alarms, letters } = model(told);
  const [averageCount, alarmCount, letterCount] = [averages, alarms, letters].map(
    (map) => [...map.values()].flat().length,
  );

  await worker.start();
  await work(told, room, worker);
  const count = told.length + (alarmCount ?? 0);
  await until(() => room.count >= count, 'averages, alarms and letters');
  equal(await worker.end('SIGTERM'), 0);

  deepEqual(room.heard.averages, averages);
  deepEqual(room.heard.alarms, alarms);
  deepEqual(room.heard.letters, letters);
  equal(room.count, count);
  ok(register.moments.failed > 0 && register.moments.hung === 1);
  console.log(
    `${told.length} messages: ${averageCount} averages, ${alarmCount} alarms and all-clears, ${letterCount} letters.`,
  );
  console.log(`The register failed ${register.moments.failed} times and hung once, and the program was killed.`);
  for (const [origin, list] of room.heard.letters) console.log(`rejected by ${origin}:`, list.at(-1)?.cause);
  await rm(dir, { recursive: true });
}

/** The shift. In the middle of it, while alarms stand, the program is killed; the machines go on. */
async function work(told: readonly Telling[], room: ControlRoom, worker: SupervisedProgram): Promise<void> {
  let restart: Promise<void> | undefined;
  for (const [index, { topic, payload }] of told.entries()) {
    await room.publish(topic, payload);
    if (index !== Math.floor(told.length * 0.6)) continue;
    await until(() => room.heard.alarms.size > 0, 'an alarm');
    restart = worker.end('SIGKILL').then(() => worker.start());
  }
  await restart;
}

const [role, brokerUrl, registerUrl, directory] = process.argv.slice(2);
if (role === 'telemetry' && brokerUrl !== undefined && registerUrl !== undefined && directory !== undefined)
  await runSupervised(factoryTelemetry(brokerUrl, registerUrl), 'telemetry', directory);
else await main();
