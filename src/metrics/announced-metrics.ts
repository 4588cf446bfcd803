import type { Counter, Gauge, Histogram, Labels } from './metrics.js';
import type { MetricSample, MetricsSnapshot, ReadableMetrics } from './metrics-snapshot.js';

/** What all instruments of a name have in common. */
export interface MetricMeta {
  /** As Prometheus has it. */
  readonly name: string;
  /** Which instruments they are. */
  readonly kind: MetricSample['kind'];
  /** For people who read the metric. */
  readonly help: string;
  /** Of a histogram; else empty. */
  readonly buckets: readonly number[];
}

/** Is told of each observation, besides the histogram. */
export type Recorder = (value: number, labels: Labels) => void;

/**
 * Counts in another port and announces each name once, before anything is counted under it: that of whoever exports metrics to a registry
 * which wants to know its names beforehand. The names that the port has are announced at once.
 */
export class AnnouncedMetrics implements ReadableMetrics {
  readonly #metrics: ReadableMetrics;
  readonly #announce: (meta: MetricMeta) => Recorder | undefined;
  /** By name. */
  readonly #recorders = new Map<string, Recorder | undefined>();
  /** Of this turn of the event loop: an exporter asks for one name after the other. */
  #samples: ReadonlyMap<string, readonly MetricSample[]> | undefined;

  /** `announce` gives what is to be told of each observation of a histogram. */
  constructor(metrics: ReadableMetrics, announce: (meta: MetricMeta) => Recorder | undefined) {
    this.#metrics = metrics;
    this.#announce = announce;
    for (const { name, kind, help, value } of metrics.snapshot()) {
      this.#known({ name, kind, help, buckets: typeof value === 'number' ? [] : value.buckets.map(({ le }) => le) });
    }
  }

  counter(name: string, help: string, labels?: Labels): Counter {
    const counter = this.#metrics.counter(name, help, labels);
    this.#known({ name, kind: 'counter', help, buckets: [] });
    return counter;
  }

  gauge(name: string, help: string, labels?: Labels): Gauge {
    const gauge = this.#metrics.gauge(name, help, labels);
    this.#known({ name, kind: 'gauge', help, buckets: [] });
    return gauge;
  }

  histogram(name: string, help: string, buckets: readonly number[], labels: Labels = {}): Histogram {
    const histogram = this.#metrics.histogram(name, help, buckets, labels);
    const record = this.#known({ name, kind: 'histogram', help, buckets });
    if (record === undefined) return histogram;
    return {
      observe: (value) => {
        histogram.observe(value);
        record(value, labels);
      },
    };
  }

  snapshot(): MetricsSnapshot {
    return this.#metrics.snapshot();
  }

  /** The instruments of a name as they stand in this turn of the event loop. */
  samplesOf(name: string): readonly MetricSample[] {
    if (this.#samples === undefined) {
      this.#samples = byName(this.snapshot());
      queueMicrotask(() => {
        this.#samples = undefined;
      });
    }
    return this.#samples.get(name) ?? [];
  }

  #known(meta: MetricMeta): Recorder | undefined {
    if (!this.#recorders.has(meta.name)) this.#recorders.set(meta.name, this.#announce(meta));
    return this.#recorders.get(meta.name);
  }
}

const byName = (samples: MetricsSnapshot): ReadonlyMap<string, readonly MetricSample[]> => {
  const found = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const others = found.get(sample.name);
    if (others === undefined) found.set(sample.name, [sample]);
    else others.push(sample);
  }
  return found;
};
