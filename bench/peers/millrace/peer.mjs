import { Engine, MqttSinks, MqttSources, Pipeline, Sinks, Subscription } from 'millrace';

/* A job, at least once: a message is acknowledged when what came of it is delivered, or done. */
const [work, from, to, window, clientId, filter] = process.argv.slice(2);

/** What a consumer does with a message here: it takes a number out of it. */
const consume = (message) => {
  if (Number.isNaN(Number.parseInt(message.toString(), 10))) throw new Error('no number');
};

const source = MqttSources.builder()
  .clientId(clientId)
  .broker(`mqtt://127.0.0.1:${from}`)
  .subscriptions(Subscription.of(filter, 1))
  .keepSession()
  .connectOptionsFn(() => ({ protocolVersion: 5, keepalive: 0, properties: { receiveMaximum: Number(window) } }))
  .mapToItemFn((_topic, message) => message)
  .build();
const pipeline = Pipeline.create();
if (work === 'bridge') {
  const sink = MqttSinks.builder()
    .clientId(clientId)
    .broker(`mqtt://127.0.0.1:${to}`)
    .messageFn(({ topic, payload }) => ({ topic, payload, qos: 1 }))
    .build();
  pipeline.readFrom(source).writeTo(sink);
} else {
  pipeline.readFrom(source).peek(consume).writeTo(Sinks.noop());
}
const job = Engine.embedded().newJob(pipeline, { name: clientId, processingGuarantee: 'at-least-once' });
await job.join();
