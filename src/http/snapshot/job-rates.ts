import type { JobMetrics } from '../../engine/job/job-metrics.js';

/** Totals of a job at an instant. */
export interface JobTotals {
  readonly atMs: number;
  readonly received: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly commits: number;
  readonly commitTime: MeasuredTime;
  /** From publish to the broker's answer, sampled. */
  readonly ackTime: MeasuredTime;
}

interface MeasuredTime {
  readonly count: number;
  readonly seconds: number;
}

/** What a job did between two answers. */
export interface JobRates {
  /** Between them: a second, or longer where nobody has asked; 0 at the first, where nothing is known yet. */
  readonly overMs: number;
  /** Items that came. */
  readonly receivedPerSecond: number;
  /** Items that were done with. */
  readonly acknowledgedPerSecond: number;
  /** Messages that a broker, or another destination, has confirmed. */
  readonly deliveredPerSecond: number;
  /** Of the store. */
  readonly commitsPerSecond: number;
  /** Milliseconds that a commit took on average; null where there was none. */
  readonly commitMs: number | null;
  /** Milliseconds from publish to the broker's answer, on average of those that were measured; null where none was. */
  readonly ackMs: number | null;
}

export const totalsOf = (metrics: JobMetrics, job: string, atMs: number): JobTotals => ({
  atMs,
  received: metrics.itemsReceived,
  acknowledged: metrics.itemsAcknowledged,
  delivered: metrics.itemsDelivered,
  commits: metrics.commits,
  commitTime: timeOf(metrics, job, 'millrace_job_commit_seconds'),
  ackTime: timeOf(metrics, job, 'millrace_sink_ack_latency_seconds'),
});

const timeOf = ({ samples }: JobMetrics, job: string, name: string): MeasuredTime => {
  let count = 0;
  let seconds = 0;
  for (const sample of samples) {
    if (sample.kind !== 'histogram' || sample.name !== name || (sample.labels.job ?? job) !== job) continue;
    count += sample.value.count;
    seconds += sample.value.sum;
  }
  return { count, seconds };
};

export const ratesBetween = (before: JobTotals | undefined, now: JobTotals): JobRates => {
  const overMs = before === undefined ? 0 : now.atMs - before.atMs;
  const rate = (of: 'received' | 'acknowledged' | 'delivered' | 'commits'): number =>
    before === undefined || overMs <= 0 ? 0 : Math.round(((now[of] - before[of]) * 1000) / overMs);
  return {
    overMs: Math.round(overMs),
    receivedPerSecond: rate('received'),
    acknowledgedPerSecond: rate('acknowledged'),
    deliveredPerSecond: rate('delivered'),
    commitsPerSecond: rate('commits'),
    commitMs: meanMs(before?.commitTime, now.commitTime),
    ackMs: meanMs(before?.ackTime, now.ackTime),
  };
};

const meanMs = (before: MeasuredTime | undefined, now: MeasuredTime): number | null => {
  const count = now.count - (before?.count ?? 0);
  const seconds = now.seconds - (before?.seconds ?? 0);
  return count > 0 ? Math.round((seconds * 1e5) / count) / 100 : null;
};
