import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from 'millrace';
import { bridgePipeline, outboxRows } from './bridge-millrace.js';
import type { ContenderTask } from './contender.js';

/*
 * The bridge of a memory run, a process of its own: exactly once, with an outbox that holds more than the run has. It prints what
 * there is in it, once a second.
 */

const task: ContenderTask = JSON.parse(process.argv[2] ?? '{}');
const engine = Engine.embedded({ dir: task.dir ?? '' });
const job = engine.newJob(bridgePipeline(task, true), {
  name: task.clientId,
  processingGuarantee: 'exactly-once',
  maxOutboxMessages: 2 * task.messages,
  maxOutboxBytes: 64 * 1024 ** 3,
});
job.join().catch((error: unknown) => {
  process.stdout.write(`${String(error)}\n`);
  process.exit(1);
});
await job.whenRunning();
process.stdout.write('RUNNING\n');
let rows = 0;
while (job.metrics().itemsAcknowledged < task.messages || rows > 0) {
  await sleep(1000);
  rows = outboxRows(job);
  process.stdout.write(`stored ${job.metrics().itemsAcknowledged}, waiting ${rows}\n`);
}
process.stdout.write('DRAINED\n');
await engine.shutdown();
process.exit(0);
