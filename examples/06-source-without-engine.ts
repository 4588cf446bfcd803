/*
 * A source is an async iterable of items with their acknowledgement. No pipeline, no engine.
 *
 *   npx tsx examples/06-source-without-engine.ts
 */
import { MqttSources } from 'millrace';
import { startBroker } from './support/start-broker.js';

await using broker = await startBroker();

const source = MqttSources.builder()
  .clientId('reader')
  .broker(broker.url)
  .topic('jobs')
  .keepSession()
  .mapToItemFn((_topic, message) => message.toString())
  .build();

{
  await using open = await source.open();
  for (const job of ['one', 'two', 'three']) await broker.publish('jobs', job);
  for await (const { item, ack } of open) {
    console.log('worked on', item);
    // What is not acknowledged comes again in the next session.
    if (item === 'three') break;
    ack();
  }
}

{
  await using open = await source.open();
  for await (const { items, ack } of open.batches()) {
    console.log('came again:', items.join(', '));
    ack();
    break;
  }
}
