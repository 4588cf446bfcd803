import { Engine, MqttSinks, Pipeline } from 'millrace';
import { serveContender } from '../support/contender.js';
import { gatedItems } from '../support/gated-items.js';
import { payloadOf, topicOf } from '../support/workload.js';

/* The whole way: a job whose sink publishes each item to a topic of its own choice. */
await serveContender(async ({ url, clientId, qos, messages, window }) => {
  const payload = payloadOf(0);
  const numbers = gatedItems(messages);
  const pipeline = Pipeline.create();
  pipeline.readFrom(numbers.source).writeTo(
    MqttSinks.builder()
      .clientId(clientId)
      .broker(url)
      .connectOptionsFn(() => ({ protocolVersion: 5, keepalive: 0, maxInflight: window }))
      .messageFn((index: number) => ({ topic: topicOf(index), payload, qos }))
      .build(),
  );
  const job = Engine.embedded().newJob(pipeline);
  await job.whenRunning();
  return {
    run: () => {
      numbers.open();
      return job.join();
    },
    close: async () => {},
  };
});
