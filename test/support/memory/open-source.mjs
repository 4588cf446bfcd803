/*
 * A source that tests fill, in a process of its own. It prints OPEN when it is subscribed. With MEMORY_CONSUME it is read from then on,
 * otherwise nobody polls it.
 */
const { MEMORY_MILLRACE, MEMORY_URL, MEMORY_OPTIONS, MEMORY_CONSUME } = process.env;
const { MqttSources } = await import(MEMORY_MILLRACE);

const source = MqttSources.builder()
  .broker(MEMORY_URL)
  .clientId('memory')
  .topic('#')
  .onError('skip')
  .connectOptionsFn(() => ({ protocolVersion: 5, ...JSON.parse(MEMORY_OPTIONS) }))
  .mapToItemFn(() => 0)
  .build();
const opened = await source.open();
process.stdout.write('OPEN\n');
if (MEMORY_CONSUME === undefined) setInterval(() => {}, 1000);
else for await (const batch of opened.batches()) batch.ack();
