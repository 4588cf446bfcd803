import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type Job, MqttSinks, MqttSources, Pipeline, type ReceivedMessage, Subscription } from 'millrace';
import type { ContenderTask, Figures } from './contender.js';
import { FILTER } from './workload.js';

const POLL_MS = 5;

/** The pipeline of `millrace bridge`, over a session that something else has made at the broker: `fillBacklog` does. */
export function bridgePipeline({ url, toUrl, clientId, qos }: ContenderTask, durable: boolean): Pipeline {
  const builder = MqttSources.builder()
    .clientId(clientId)
    .broker(url)
    .subscriptions(Subscription.of(FILTER, qos))
    .keepSession();
  const source = (durable ? builder.onUnknownSession('adopt') : builder)
    .mapToItemFn((_topic, message) => message)
    .build();
  const sink = MqttSinks.builder()
    .clientId(clientId)
    .broker(toUrl)
    .messageFn(({ topic, payload, qos }: ReceivedMessage) => ({ topic, payload, qos }))
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  return pipeline;
}

/** Runs the pipeline until `messages` are acknowledged at one broker and confirmed by the other. Gives what its commits took. */
export async function runBridge(engine: Engine, task: ContenderTask, durable: boolean): Promise<Figures> {
  const startMs = performance.now();
  const job = engine.newJob(bridgePipeline(task, durable), {
    name: task.clientId,
    processingGuarantee: durable ? 'exactly-once' : 'at-least-once',
  });
  await job.whenRunning();
  while (job.metrics().itemsAcknowledged < task.messages) await sleep(POLL_MS);
  while (durable && outboxRows(job) > 0) await sleep(POLL_MS);
  const figures = durable ? commitFigures(job, task.messages, performance.now() - startMs) : {};
  await job.drain();
  return figures;
}

function commitFigures(job: Job, messages: number, elapsedMs: number): Figures {
  const sample = job.metrics().samples.find(({ name }) => name === 'millrace_job_commit_seconds');
  if (sample?.kind !== 'histogram') throw new Error('the job makes no commits');
  const { sum, count } = sample.value;
  return {
    messagesPerCommit: messages / count,
    commitMs: (sum * 1000) / count,
    commitShare: (sum * 100_000) / elapsedMs,
  };
}

/** Messages in the outbox that the broker has not confirmed. */
export function outboxRows(job: Job): number {
  const sample = job.metrics().samples.find(({ name }) => name === 'millrace_job_outbox_messages');
  if (sample?.kind !== 'gauge') throw new Error('the job has no outbox');
  return sample.value;
}
