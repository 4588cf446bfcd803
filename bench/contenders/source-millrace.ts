import { Engine, MqttSources, Pipeline, Sinks, Subscription } from 'millrace';
import { serveContender } from '../support/contender.js';
import { FILTER } from '../support/workload.js';

/* The whole way: a job reads the source and acknowledges what its sink has taken. Items are views of the payloads, which is what MQTT.js gives. */
await serveContender(async ({ url, clientId, qos, messages, window }) => {
  const source = MqttSources.builder()
    .clientId(clientId)
    .broker(url)
    .subscriptions(Subscription.of(FILTER, qos))
    .keepSession()
    .qos0Overflow('pause')
    .connectOptionsFn(() => ({ protocolVersion: 5, keepalive: 0, properties: { receiveMaximum: window } }))
    .mapToItemFn((_topic, message) => message.payload)
    .build();
  const pipeline = Pipeline.create();
  let received = 0;
  let done = () => {};
  pipeline
    .readFrom(source)
    .peek(() => {
      received += 1;
      if (received === messages) done();
    })
    .writeTo(Sinks.noop());
  const job = Engine.embedded().newJob(pipeline);
  await job.whenRunning();
  return {
    run: () =>
      new Promise((resolve) => {
        done = resolve;
      }),
    close: () => job.cancel(),
  };
});
