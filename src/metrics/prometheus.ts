import type { Labels } from './metrics.js';
import type { MetricSample, MetricsSnapshot } from './metrics-snapshot.js';

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

const formatLabels = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

const formatNumber = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
};

const formatSample = (sample: MetricSample): string[] => {
  const { name, labels } = sample;
  if (sample.kind !== 'histogram') return [`${name}${formatLabels(labels)} ${formatNumber(sample.value)}`];
  const { buckets, sum, count } = sample.value;
  const all = [...buckets, { le: Number.POSITIVE_INFINITY, count }];
  return [
    ...all.map((one) => `${name}_bucket${formatLabels({ ...labels, le: formatNumber(one.le) })} ${one.count}`),
    `${name}_sum${formatLabels(labels)} ${formatNumber(sum)}`,
    `${name}_count${formatLabels(labels)} ${count}`,
  ];
};

/** The text format of Prometheus, version 0.0.4: each metric once with its help and type, then its samples. */
export const formatPrometheus = (snapshot: MetricsSnapshot): string => {
  const byName = new Map<string, MetricSample[]>();
  for (const sample of snapshot) byName.set(sample.name, [...(byName.get(sample.name) ?? []), sample]);
  const lines = [...byName.values()].flatMap((samples) => {
    const [{ name, help, kind } = { name: '', help: '', kind: 'gauge' }] = samples;
    return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${kind}`, ...samples.flatMap(formatSample)];
  });
  return lines.map((line) => `${line}\n`).join('');
};
