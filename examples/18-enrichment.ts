/*
 * Enrichment by a retained table: what is known of each device stands on retained topics, and each reading gets it. A change of the table
 * counts from the next reading on; an empty message takes a row away.
 *
 *   npx tsx examples/18-enrichment.ts
 */
import { Engine, MqttSources, Pipeline, Sinks } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();
const settings = (device: string, site: string, limit: number) =>
  broker.publish(`devices/${device}/settings`, JSON.stringify({ site, limit }), { retain: true });
await settings('boiler', 'north', 80);
await settings('oven', 'south', 200);

/** A row for each device, by its name. */
const devices = MqttSources.table({
  broker: broker.url,
  topic: 'devices/+/settings',
  keyFn: (topic) => topic.split('/')[1],
  mapToRowFn: (_, message): { site: string; limit: number } => JSON.parse(message.toString()),
});

const report: string[] = [];
const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .broker(broker.url)
      .topic('temperature/+')
      .mapToItemFn((topic, message) => ({ device: topic.split('/')[1] ?? '', degrees: Number(message) }))
      .build(),
  )
  .withoutTimestamps()
  .lookup(
    devices,
    ({ device }) => device,
    ({ device, degrees }, row) => {
      if (row === undefined) return `${device}: not known`; // No row: nobody has said anything about it.
      return `${device} (${row.site}): ${degrees > row.limit ? 'too hot' : 'fine'}`;
    },
  )
  .setName('settings') // Errors and metrics have it.
  .writeTo(Sinks.list(report));

await using engine = Engine.embedded();
const job = engine.newJob(pipeline); // It runs when all rows are there.
await job.whenRunning();

const reading = async (device: string, degrees: string): Promise<void> => {
  const before = report.length;
  await broker.publish(`temperature/${device}`, degrees);
  await until(() => report.length > before, 'the report');
};
/** Whether the table has so many rows by now. */
const rows = (count: number) =>
  until(
    () => job.metrics().samples.some(({ name, value }) => name === 'millrace_table_rows' && value === count),
    'the table',
  );

await reading('boiler', '90');
await reading('oven', '90');
await reading('kettle', '90');
await settings('kettle', 'east', 100);
await rows(3);
await reading('kettle', '90');
await broker.publish('devices/oven/settings', '', { retain: true });
await rows(2);
await reading('oven', '90');
await job.drain();
console.log(report.join('\n'));
