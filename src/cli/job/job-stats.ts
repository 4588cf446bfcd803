import type { JobMetrics } from '../../engine/job/job-metrics.js';
import type { StatsSample } from './stats-line.js';

const BUFFERED = new Set(['millrace_source_buffered_messages', 'millrace_sink_buffered']);

/** The figures that the statistics show, out of all that a job counts. */
export function statsOf(metrics: JobMetrics): StatsSample {
  let inFlight = 0;
  let buffered = metrics.itemsWaiting;
  let reconnects = 0;
  let commitSeconds = 0;
  for (const sample of metrics.samples) {
    if (sample.kind === 'histogram') {
      if (sample.name === 'millrace_job_commit_seconds') commitSeconds += sample.value.sum;
      continue;
    }
    if (sample.name === 'millrace_sink_inflight') inFlight += sample.value;
    else if (sample.name === 'millrace_reconnects_total') reconnects += sample.value;
    else if (BUFFERED.has(sample.name)) buffered += sample.value;
  }
  const { itemsReceived: received, itemsDelivered: delivered, outboxMessages: outbox, outboxBytes, commits } = metrics;
  return { received, delivered, inFlight, buffered, reconnects, outbox, outboxBytes, commits, commitSeconds };
}

/** Of several jobs, as if they were one. */
export function sumOfStats(samples: readonly StatsSample[]): StatsSample {
  const sum = (name: keyof StatsSample) => samples.reduce((total, sample) => total + sample[name], 0);
  return {
    received: sum('received'),
    delivered: sum('delivered'),
    inFlight: sum('inFlight'),
    buffered: sum('buffered'),
    reconnects: sum('reconnects'),
    outbox: sum('outbox'),
    outboxBytes: sum('outboxBytes'),
    commits: sum('commits'),
    commitSeconds: sum('commitSeconds'),
  };
}
