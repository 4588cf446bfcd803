import { checkOptions, type OptionChecks } from '../internal/options/check-options.js';
import { invalidOptions } from '../internal/options/invalid-options.js';
import { withMethods } from '../internal/options/option-checks.js';
import { AnnouncedMetrics, type MetricMeta } from '../metrics/announced-metrics.js';
import { readableMetrics } from '../metrics/metrics-check.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import type { MetricSample, ReadableMetrics } from '../metrics/metrics-snapshot.js';

/** What is used of a `Registry` of prom-client (15). */
export interface PromClientRegistry {
  /** Throws where another metric has that name. */
  registerMetric(metric: object): void;
}

/** Where metrics are registered, and counted. */
export interface PromClientOptions {
  /** Of prom-client: its `register`, or a `new Registry()`. Two ports cannot share one: their names are the same. */
  readonly registry: PromClientRegistry;
  /** Where all is counted. Default: a `MetricsRegistry` of its own. */
  readonly metrics?: ReadableMetrics | undefined;
}

const OPTIONS: OptionChecks<PromClientOptions> = {
  registry: withMethods('a Registry of prom-client', 'registerMetric'),
  metrics: readableMetrics,
};

/**
 * A port for the `metrics` of jobs whose metrics a registry of prom-client has, too: under the same names, with the same labels, read when
 * it is asked. Nothing is added to what counting costs.
 *
 * @throws MillraceError INVALID_OPTIONS; what `registerMetric` throws is thrown where a metric is first asked for: it fails the job's start
 */
export const promClientMetrics = (options: PromClientOptions): ReadableMetrics => {
  const { options: asked, problems } = checkOptions('promClientMetrics', options, OPTIONS);
  if (problems.length > 0) throw invalidOptions('promClientMetrics', problems);
  if (asked.registry === undefined) throw invalidOptions('promClientMetrics', ['registry is missing']);
  const { registry, metrics = new MetricsRegistry() } = asked;
  const announced: AnnouncedMetrics = new AnnouncedMetrics(metrics, (meta) => {
    registry.registerMetric(metricOf(meta, (name) => announced.samplesOf(name)));
    return undefined;
  });
  return announced;
};

/** One value of a metric, as prom-client writes it. */
interface PromValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of a histogram, whose values have several names. */
  readonly metricName?: string;
}

/** A metric as a registry asks for it. */
interface PromMetric {
  /** For OpenMetrics a registry takes `_total` off that of a counter, and puts it behind each value. */
  name: string;
  readonly help: string;
  readonly type: MetricMeta['kind'];
  get(): object;
}

const metricOf = ({ name, kind, help }: MetricMeta, samplesOf: (name: string) => readonly MetricSample[]): object => {
  const metric: PromMetric = {
    name,
    help,
    type: kind,
    get: () => ({ name: metric.name, help, type: kind, values: samplesOf(name).flatMap(valuesOf), aggregator: 'sum' }),
  };
  return metric;
};

const valuesOf = (sample: MetricSample): readonly PromValue[] => {
  const { name, labels } = sample;
  if (sample.kind !== 'histogram') return [{ labels, value: sample.value }];
  const { buckets, sum, count } = sample.value;
  const bucket = (le: number | string, value: number): PromValue => ({
    labels: { ...labels, le },
    value,
    metricName: `${name}_bucket`,
  });
  const total = (end: string, value: number): PromValue => ({ labels, value, metricName: `${name}_${end}` });
  return [
    ...buckets.map(({ le, count: below }) => bucket(le, below)),
    bucket('+Inf', count),
    total('sum', sum),
    total('count', count),
  ];
};
