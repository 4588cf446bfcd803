import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, type JobRunner, type RunningJob } from 'millrace';
import { cpuMicros, nodePipeline } from './node-pipeline.js';
import type { NodeFigures, NodeMessage, NodeQuestion, NodeTask } from './node-task.js';

/* A node of a cluster, or a process alone, which does what its task says and ends at SIGTERM. */

const LOOK_MS = 5;

const task: NodeTask = JSON.parse(process.argv[2] ?? '{}');
const work = nodePipeline(task.work);
const say = (message: NodeMessage): void => void process.send?.(message);

const job = await openJob();
process.on('message', ({ id, question }: { id: number; question: NodeQuestion }) => void answer(id, question));
await job.whenRunning();
say({ type: 'event', kind: 'running' });

async function openJob(): Promise<RunningJob> {
  const { servers, dir, node, standbys, partitions, job: name } = task;
  const options = { name, processingGuarantee: 'exactly-once' } as const;
  if (servers === undefined) {
    const engine = Engine.embedded({ dir });
    endWith(engine);
    return engine.newJob(work.pipeline, options);
  }
  const engine = await Engine.cluster({ servers, dir, nodeId: node, standbys });
  endWith(engine);
  const one = engine.newJob(work.pipeline, {
    ...options,
    partitions,
    onEvent: (event) => {
      if (event.kind === 'partition-running') say({ type: 'event', ...event, from: String(event.from) });
      else if ('partition' in event) say({ type: 'event', kind: event.kind, partition: event.partition });
    },
  });
  // it ends so when the node is shut down
  one.join().catch(() => {});
  return one;
}

function endWith(engine: JobRunner): void {
  process.once('SIGTERM', () => void engine.shutdown().then(() => process.exit(0)));
}

async function answer(id: number, question: NodeQuestion): Promise<void> {
  if (question === 'figures') return say({ type: 'answer', id, figures: figures() });
  if (typeof question === 'object') return say({ type: 'answer', id, figures: await through(question.through) });
  if (question === 'open') work.open();
  else if (question === 'forget') work.forget();
  else if (question === 'suspend') await job.suspend();
  else await job.resume();
  say({ type: 'answer', id });
}

/** Only at the end it looks at the job, which costs a part of a millisecond. */
async function through(messages: number): Promise<NodeFigures> {
  while (work.seen() < messages) await sleep(LOOK_MS);
  for (;;) {
    const { itemsReceived, itemsAcknowledged, outboxMessages } = job.metrics();
    if (itemsAcknowledged >= itemsReceived && outboxMessages === 0) return figures();
    await sleep(LOOK_MS);
  }
}

function figures(): NodeFigures {
  const { commits, samples } = job.metrics();
  const sample = samples.find(({ name }) => name === 'millrace_job_commit_seconds');
  return {
    atMs: Date.now(),
    stored: work.stored(),
    first: work.first(),
    commits,
    commitSeconds: sample?.kind === 'histogram' ? sample.value.sum : 0,
    cpuMicros: cpuMicros(),
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}
