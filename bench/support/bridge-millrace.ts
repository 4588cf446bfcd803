import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type Job, MqttSinks, MqttSources, Pipeline, type ReceivedMessage, Subscription } from 'millrace';
import type { ContenderTask, Figures } from './contender.js';
import { WarmHalf } from './warm-half.js';
import { FILTER } from './workload.js';

/** Each look has all metrics of the job made, which is to be no part of what is measured. */
const POLL_MS = 20;
const OUTBOX = 'millrace_job_outbox_messages';

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

/** Starts the pipeline. Resolves when it runs. */
export async function startBridgeJob(engine: Engine, task: ContenderTask, durable: boolean): Promise<Job> {
  const job = engine.newJob(bridgePipeline(task, durable), {
    name: task.clientId,
    processingGuarantee: durable ? 'exactly-once' : 'at-least-once',
  });
  await job.whenRunning();
  return job;
}

/**
 * Resolves when `messages` are acknowledged at one broker and confirmed by the other. Gives what the second half of them took, and what a
 * job's commits did.
 */
export async function finishBridgeJob(job: Job, { messages }: ContenderTask, startMs: number): Promise<Figures> {
  const isDurable = job.metrics().samples.some(({ name }) => name === OUTBOX);
  const half = new WarmHalf(messages);
  for (;;) {
    const { itemsAcknowledged, itemsDelivered } = job.metrics();
    half.look(itemsDelivered);
    if (itemsAcknowledged >= messages && !(isDurable && outboxRows(job) > 0)) break;
    await sleep(POLL_MS);
  }
  const commits = isDurable ? commitFigures(job, messages, performance.now() - startMs) : {};
  return { ...commits, ...half.figures() };
}

/** Runs the pipeline from its start to the last message. */
export async function runBridge(engine: Engine, task: ContenderTask, durable: boolean): Promise<Figures> {
  const startMs = performance.now();
  const job = await startBridgeJob(engine, task, durable);
  const figures = await finishBridgeJob(job, task, startMs);
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
  const sample = job.metrics().samples.find(({ name }) => name === OUTBOX);
  if (sample?.kind !== 'gauge') throw new Error('the job has no outbox');
  return sample.value;
}
