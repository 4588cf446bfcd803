import type { JobMetrics } from '../../engine/job/job-metrics.js';
import { JOB_TRANSITIONS } from '../../engine/job/job-status.js';
import type { MetricSample, MetricsSnapshot } from '../../metrics/metrics-snapshot.js';
import { formatPrometheus } from '../../metrics/prometheus.js';
import type { Looked } from './engine-snapshot.js';

/**
 * All that the jobs count, in the text format of Prometheus 0.0.4. What a job has in a registry of its own has the label `job`; a registry
 * that several jobs were given is told once, as it is. Of a job that has ended there is its status, so that an alert sees one that has failed.
 */
export const metricsText = ({ snapshot: { jobs, ended }, metrics }: Looked): string => {
  const statuses = [...jobs, ...ended].flatMap(({ name, status }) => statusSamples(name, status));
  const counted = metrics.flatMap((one, index) => samplesOf(one, jobs[index]?.name ?? ''));
  return formatPrometheus(onceEach([...statuses, ...counted]));
};

/** As a state set: 1 for the one that it has. */
const statusSamples = (job: string, status: string): MetricsSnapshot =>
  Object.keys(JOB_TRANSITIONS).map((one) => ({
    kind: 'gauge',
    name: 'millrace_job_status',
    help: '1 for the status that the job has',
    labels: { job, status: one },
    value: one === status ? 1 : 0,
  }));

const samplesOf = ({ samples, ownSamples }: JobMetrics, job: string): MetricsSnapshot =>
  ownSamples ? samples.map((sample) => ({ ...sample, labels: { job, ...sample.labels } })) : samples;

/** A text with one series twice is refused as a whole, and so is one that has two kinds of a name. */
const onceEach = (samples: readonly MetricSample[]): MetricsSnapshot => {
  const kinds = new Map<string, MetricSample['kind']>();
  const series = new Map<string, MetricSample>();
  for (const sample of samples) {
    const kind = kinds.get(sample.name) ?? sample.kind;
    kinds.set(sample.name, kind);
    const sorted = Object.entries(sample.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = `${sample.name}${JSON.stringify(sorted)}`;
    if (kind === sample.kind && !series.has(key)) series.set(key, sample);
  }
  return [...series.values()];
};
