import type { Counter, Histogram, Metrics } from '../../metrics/metrics.js';
import type { StoreBatch } from '../../store/store.js';
import type { DurableOutputLane } from './output-lane.js';

/** Seconds: a fast disk flushes in a tenth of a millisecond, a bad one takes a second and more. */
const BUCKETS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10];

/** Counts the commits of a job's ticks, over all its runs. */
export class CommitMeter {
  /** The job's own, which `JobMetrics` shows too. */
  readonly #commits: Counter;
  readonly #bytes: Counter;
  readonly #seconds: Histogram;

  constructor(metrics: Metrics, job: string, commits: Counter) {
    const labels = { job };
    this.#commits = commits;
    this.#bytes = metrics.counter('millrace_job_commit_bytes_total', 'Bytes of values in them', labels);
    const help = 'Time from giving a commit to the store until it was durable';
    this.#seconds = metrics.histogram('millrace_job_commit_seconds', help, BUCKETS, labels);
  }

  /** Makes a commit, and counts it when it is durable. */
  async measure(batch: StoreBatch, commit: (batch: StoreBatch) => Promise<void>): Promise<void> {
    const startMs = performance.now();
    // one that fails is not counted: its outcome is unknown (R13)
    await commit(batch);
    this.#seconds.observe((performance.now() - startMs) / 1000);
    this.#commits.add();
    let bytes = 0;
    for (const value of batch.values()) bytes += value?.byteLength ?? 0;
    this.#bytes.add(bytes);
  }
}

/** Shows what the outboxes of the present run have: what is stored, or about to be, and not known to be delivered. */
export const showOutboxes = (metrics: Metrics, job: string, lanes: readonly DurableOutputLane[]): void => {
  for (const lane of lanes) {
    const labels = { job, sink: lane.name };
    metrics
      .gauge('millrace_job_outbox_messages', 'Messages that are stored and not delivered', labels)
      .collect(() => lane.stored.messages);
    metrics.gauge('millrace_job_outbox_bytes', 'Their bytes on disk', labels).collect(() => lane.stored.bytes);
  }
};
