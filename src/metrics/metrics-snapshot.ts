import type { Labels } from './metrics.js';

/** `buckets` are cumulative as in Prometheus: how many observations were at most `le`. The bucket without bound is `count`. */
export interface HistogramSnapshot {
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly sum: number;
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
