import type { Meter, MetricOptions } from '@opentelemetry/api';
import { checkOptions, type OptionChecks } from '../internal/options/check-options.js';
import { invalidOptions } from '../internal/options/invalid-options.js';
import { withMethods } from '../internal/options/option-checks.js';
import { AnnouncedMetrics, type MetricMeta, type Recorder } from '../metrics/announced-metrics.js';
import type { Labels } from '../metrics/metrics.js';
import { readableMetrics } from '../metrics/metrics-check.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import type { MetricSample, ReadableMetrics } from '../metrics/metrics-snapshot.js';
import { attributesOf, type InstrumentName, instrumentName } from './metric-names.js';

/** What is used of a `Meter` of `@opentelemetry/api`. */
export type OpenTelemetryMeter = Pick<Meter, 'createObservableCounter' | 'createObservableGauge' | 'createHistogram'>;

/** Where metrics are exported, and counted. */
export interface OpenTelemetryMetricsOptions {
  /** Of `@opentelemetry/api`: `metrics.getMeter('millrace')`. */
  readonly meter: OpenTelemetryMeter;
  /** Where all is counted. Default: a `MetricsRegistry` of its own. */
  readonly metrics?: ReadableMetrics | undefined;
}

const OPTIONS: OptionChecks<OpenTelemetryMetricsOptions> = {
  meter: withMethods('a Meter', 'createObservableCounter', 'createObservableGauge', 'createHistogram'),
  metrics: readableMetrics,
};

/**
 * A port for the `metrics` of jobs whose metrics OpenTelemetry has, too: under names and with attributes by its conventions, observed when
 * they are collected. Counting costs what it did; of histograms each observation, of which there is one for a commit or for a sample, is
 * recorded a second time.
 *
 * @throws MillraceError INVALID_OPTIONS
 */
export const openTelemetryMetrics = (options: OpenTelemetryMetricsOptions): ReadableMetrics => {
  const { options: asked, problems } = checkOptions('openTelemetryMetrics', options, OPTIONS);
  if (problems.length > 0) throw invalidOptions('openTelemetryMetrics', problems);
  if (asked.meter === undefined) throw invalidOptions('openTelemetryMetrics', ['meter is missing']);
  const { meter, metrics = new MetricsRegistry() } = asked;
  const announced: AnnouncedMetrics = new AnnouncedMetrics(metrics, (meta) =>
    meta.kind === 'histogram' ? recorderOf(meter, meta) : observed(meter, meta, () => announced.samplesOf(meta.name)),
  );
  return announced;
};

const recorderOf = (meter: OpenTelemetryMeter, { name, help, buckets }: MetricMeta): Recorder => {
  const named = instrumentName(name);
  const advice = { explicitBucketBoundaries: [...buckets] };
  const histogram = meter.createHistogram(named.name, { ...optionsOf(named, help), advice });
  const attributes = new WeakMap<Labels, Labels>();
  return (value, labels) => {
    // made once: the labels of an instrument are one object
    let told = attributes.get(labels);
    if (told === undefined) {
      told = attributesOf(labels, named);
      attributes.set(labels, told);
    }
    histogram.record(value, told);
  };
};

const observed = (
  meter: OpenTelemetryMeter,
  { name, kind, help }: MetricMeta,
  samples: () => readonly MetricSample[],
): undefined => {
  const named = instrumentName(name);
  const options = optionsOf(named, help);
  const instrument =
    kind === 'counter'
      ? meter.createObservableCounter(named.name, options)
      : meter.createObservableGauge(named.name, options);
  instrument.addCallback((result) => {
    for (const { labels, value } of samples()) {
      if (typeof value === 'number') result.observe(value, attributesOf(labels, named));
    }
  });
};

const optionsOf = ({ unit }: InstrumentName, help: string): MetricOptions => ({
  description: help,
  ...(unit === '' ? {} : { unit }),
});
