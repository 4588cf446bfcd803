/*
 * A job that counts, and is killed with kill -9 while it does: each count still comes once.
 *
 *   npx tsx examples/13-exactly-once.ts
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, MqttSinks, MqttSources, Pipeline, QualityOfService } from 'millrace';
import { startMosquitto } from './support/start-mosquitto.js';
import { until } from './support/until.js';

const READINGS = 200;
const KILLS = 3;

/** What runs in the process that is killed. `dir` is where it keeps its state. */
async function count(broker: string, dir: string): Promise<void> {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(
      MqttSources.builder()
        .clientId('counter')
        .broker(broker)
        .topic('sensors/+')
        .qualityOfService(QualityOfService.EXACTLY_ONCE)
        .keepSession()
        .mapToItemFn((topic) => topic)
        .build(),
    )
    .groupingKey((topic) => topic)
    .mapStateful(
      () => ({ seen: 0 }),
      (state, topic) => {
        state.seen += 1;
        return `${topic} ${state.seen}`;
      },
    )
    .setName('count')
    .writeTo(MqttSinks.builder<string>().clientId('counter-out').broker(broker).topic('counts').build());

  const job = Engine.embedded({ dir }).newJob(pipeline, { name: 'counting', processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  process.send?.('running');
  await job.join();
}

async function main(): Promise<void> {
  await using broker = await startMosquitto();
  const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
  const counts: string[] = [];
  await broker.listen('counts', (text) => counts.push(text));
  let worker = await startWorker(broker.url, dir);
  for (let number = 0; number < READINGS; number += 1) {
    await broker.publish(`sensors/${number % 4}`, 'a reading');
    if ((number + 1) % Math.floor(READINGS / (KILLS + 1)) === 0 && number + 1 < READINGS) {
      worker.kill('SIGKILL');
      worker = await startWorker(broker.url, dir);
    }
  }
  await until(() => counts.length >= READINGS, 'all counts');
  worker.kill('SIGKILL');
  await rm(dir, { recursive: true });
  const different = new Set(counts).size;
  console.log(`${READINGS} readings, ${KILLS} kills: ${counts.length} counts came, ${different} different ones`);
  if (counts.length !== READINGS || different !== READINGS) throw new Error('that is not exactly once');
}

function startWorker(broker: string, dir: string): Promise<ChildProcess> {
  const worker = fork(fileURLToPath(import.meta.url), ['count', broker, dir]);
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve(worker));
    worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

const [role, brokerUrl, directory] = process.argv.slice(2);
if (role === 'count' && brokerUrl !== undefined && directory !== undefined) await count(brokerUrl, directory);
else await main();
