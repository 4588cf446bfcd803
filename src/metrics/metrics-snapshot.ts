import type { Labels } from './metrics.js';

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
