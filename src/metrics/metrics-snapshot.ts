import type { Labels, Metrics } from './metrics.js';

/** `buckets` are cumulative as in Prometheus: how many observations were at most `le`. The bucket without bound is `count`. */
export interface HistogramSnapshot {
  /** Ascending by `le`. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  /** Of all values that were observed. */
  readonly sum: number;
  /** Of all observations, those above the last `le` too. */
  readonly count: number;
}

interface SampleMeta {
  readonly name: string;
  readonly help: string;
  readonly labels: Labels;
}

/** One instrument as it stands. */
export type MetricSample =
  | (SampleMeta & { readonly kind: 'counter' | 'gauge'; readonly value: number })
  | (SampleMeta & { readonly kind: 'histogram'; readonly value: HistogramSnapshot });

/** All instruments of a registry as they stand, as plain data. */
export type MetricsSnapshot = readonly MetricSample[];

/** A port that can be read. */
export interface ReadableMetrics extends Metrics {
  /** Every instrument's value now, as plain data. */
  snapshot(): MetricsSnapshot;
}

/** Whether a port can be read. */
export const isReadable = (metrics: Metrics): metrics is ReadableMetrics =>
  'snapshot' in metrics && typeof metrics.snapshot === 'function';
