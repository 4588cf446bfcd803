/*
 * Simulated sensors publish to a broker in this process; a pipeline reads them at least once, converts each reading, raises
 * alarms and publishes both; a page shows the jobs. Ends after --seconds, or at SIGINT, when everything that was published has gone through.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, type Job } from 'millrace';
import { serve } from 'millrace/http';
import { startBroker } from '../support/start-broker.js';
import type { PlantDemoOptions } from './demo-options.js';
import { LiveView } from './live-view.js';
import { plantPipeline } from './plant-pipeline.js';
import { sensorPipeline } from './sensors.js';

const CATCH_UP_MS = 10_000;

/** Gives the exit code. */
export async function runPlantDemo(options: PlantDemoOptions): Promise<number> {
  await using broker = await startBroker();
  await using engine = Engine.embedded();
  await using served = await serve(engine, { port: 0 });
  const view = new LiveView(options.seconds);

  console.log(
    `A broker at ${broker.url}, ${options.sensors} sensors, ${options.rate.toLocaleString('en-US')} readings a second.`,
  );
  console.log(`The jobs in a browser: ${served.url}`);
  console.log(options.seconds === undefined ? 'Stop it with Ctrl+C.\n' : `It ends in ${options.seconds} seconds.\n`);

  // The session of the pipeline must be there before the first reading.
  const plant = engine.newJob(plantPipeline(broker.url, view), { name: 'plant', processingGuarantee: 'at-least-once' });
  await plant.whenRunning();
  const sensors = engine.newJob(sensorPipeline(broker.url, options), { name: 'sensors' });
  await sensors.whenRunning();
  view.start(sensors, plant);

  await Promise.race([
    stopAsked(),
    ...(options.seconds === undefined ? [] : [sleep(options.seconds * 1000)]),
    failed(plant),
    failed(sensors),
  ]);

  await sensors.drain();
  await caughtUp(plant, sensors.metrics().itemsDelivered);
  await plant.drain();
  view.stop();
  summarize(sensors, plant, view.alarms);
  return plant.metrics().itemsAcknowledged >= sensors.metrics().itemsDelivered ? 0 : 1;
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve();
      });
    }
  });
}

/** Rejects when the job fails. */
async function failed(job: Job): Promise<void> {
  await job.join();
}

async function caughtUp(job: Job, readings: number): Promise<void> {
  const until = performance.now() + CATCH_UP_MS;
  while (job.metrics().itemsAcknowledged < readings && performance.now() < until) await sleep(20);
}

function summarize(sensors: Job, plant: Job, alarms: number): void {
  const published = sensors.metrics().itemsDelivered;
  const { itemsAcknowledged, itemsDelivered } = plant.metrics();
  const number = (value: number) => value.toLocaleString('en-US');
  console.log(`
${number(published)} readings published by the sensors
${number(itemsAcknowledged)} read, worked on, delivered and acknowledged by the pipeline
${number(itemsDelivered)} messages published by the pipeline, ${number(alarms)} of them alarms
${itemsAcknowledged >= published ? 'Nothing was lost.' : `${number(published - itemsAcknowledged)} readings are missing!`}`);
}
