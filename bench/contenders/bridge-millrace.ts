import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, MqttSinks, MqttSources, Pipeline, type ReceivedMessage, Subscription } from 'millrace';
import { serveContender } from '../support/contender.js';
import { FILTER } from '../support/workload.js';

/* At least once: acknowledges a message when the other broker has confirmed its copy. */
await serveContender(async ({ url, toUrl, clientId, messages }) => {
  const source = MqttSources.builder()
    .clientId(clientId)
    .broker(url)
    .subscriptions(Subscription.of(FILTER, 1))
    .keepSession()
    .mapToItemFn((_topic, message) => message)
    .build();
  const sink = MqttSinks.builder()
    .clientId(clientId)
    .broker(toUrl)
    .messageFn(({ topic, payload, qos }: ReceivedMessage) => ({ topic, payload, qos }))
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  return {
    run: async () => {
      const job = Engine.embedded().newJob(pipeline, { processingGuarantee: 'at-least-once' });
      await job.whenRunning();
      while (job.metrics().itemsAcknowledged < messages) await sleep(5);
      await job.drain();
    },
    close: async () => {},
  };
});
