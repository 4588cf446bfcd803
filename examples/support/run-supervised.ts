import { Engine, type Pipeline } from 'millrace';

/**
 * The program that `supervise` starts: one job, exactly once, until SIGTERM. What was read is stored in `dir`; what is not delivered by
 * then goes out at the next start.
 */
export async function runSupervised(pipeline: Pipeline, name: string, dir: string): Promise<void> {
  await using engine = Engine.embedded({ dir });
  const job = engine.newJob(pipeline, { name, processingGuarantee: 'exactly-once' });
  process.once('SIGTERM', () => void job.drain());
  job.whenRunning().then(
    () => process.send?.('running'),
    () => {}, // join() says why
  );
  await job.join();
}
