import { type Engine, type Job, MqttSinks, Pipeline } from 'millrace';
import type { ContenderTask } from './contender.js';
import { gatedItems } from './gated-items.js';
import { payloadOf, topicOf } from './workload.js';

/** Rows that an outbox may have here: more than any case fills. */
const MAX_OUTBOX_MESSAGES = 20_000_000;
const MAX_OUTBOX_BYTES = 8 * 1024 ** 3;

/** A job that fills an outbox with `messages` rows from the moment `open` is called. Its parts have the same names in each process. */
export function outboxJob(engine: Engine, { toUrl, clientId, messages }: ContenderTask): { job: Job; open(): void } {
  const numbers = gatedItems(messages);
  const pipeline = Pipeline.create();
  pipeline.readFrom(numbers.source).writeTo(
    MqttSinks.builder()
      .clientId(clientId)
      .broker(toUrl)
      .messageFn((index: number) => ({ topic: topicOf(index), payload: payloadOf(index), qos: 2 }))
      .build(),
  );
  const job = engine.newJob(pipeline, {
    name: clientId,
    processingGuarantee: 'exactly-once',
    maxOutboxMessages: MAX_OUTBOX_MESSAGES,
    maxOutboxBytes: MAX_OUTBOX_BYTES,
  });
  return { job, open: numbers.open };
}
