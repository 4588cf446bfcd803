import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { Engine, Pipeline, Sinks, TestSources } from '../../../src/index.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { openTelemetryMetrics } from '../../../src/opentelemetry/index.js';
import { instrumentName } from '../../../src/opentelemetry/metric-names.js';
import { LIMIT } from '../../support/limits.js';

const SOURCES = fileURLToPath(new URL('../../../src', import.meta.url));

/** Collects when it is asked, and never by itself. */
class Reader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

const provided = () => {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  const collected = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    assert.deepEqual(errors, []);
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
  };
  return { meter: provider.getMeter('millrace'), collected };
};

test(
  'a job is counted under names and attributes by the conventions, observed when it is collected',
  LIMIT,
  async () => {
    const { meter, collected } = provided();
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.items(1, 2, 3)).writeTo(Sinks.noop());
    const job = Engine.embedded().newJob(pipeline, { name: 'copy', metrics: openTelemetryMetrics({ meter }) });
    await job.join();
    const received = (await collected()).get('millrace.job.items_received');
    assert.deepEqual(
      received?.dataPoints.map(({ value, attributes }) => ({ value, attributes })),
      [{ value: 3, attributes: { 'millrace.job': 'copy' } }],
    );
    assert.equal(received?.descriptor.description, 'Items taken from the sources');
    // what reads the job itself finds them, too
    assert.ok(
      job.metrics().samples.some(({ name, value }) => name === 'millrace_job_items_received_total' && value === 3),
    );
  },
);

test('what the conventions for messaging name has their name, and a unit', LIMIT, async () => {
  const { meter, collected } = provided();
  const own = new MetricsRegistry();
  own.counter('millrace_source_messages_total', 'Messages received', { source: 'a' }).add(2);
  const metrics = openTelemetryMetrics({ meter, metrics: own });
  metrics.gauge('millrace_source_buffered_bytes', 'Bytes', { source: 'a' }).collect(() => 9);
  metrics.counter('millrace_connects_total', 'Connects', { sink: 'b', client: '0' }).add();
  const all = await collected();
  const point = (name: string) => all.get(name)?.dataPoints.map(({ value, attributes }) => [value, attributes]);
  assert.deepEqual(point('messaging.client.consumed.messages'), [
    [2, { 'messaging.system': 'mqtt', 'messaging.operation.name': 'receive', 'millrace.source': 'a' }],
  ]);
  assert.deepEqual(point('millrace.source.buffered'), [[9, { 'millrace.source': 'a' }]]);
  assert.equal(all.get('millrace.source.buffered')?.descriptor.unit, 'By');
  assert.deepEqual(point('millrace.connects'), [[1, { 'millrace.sink': 'b', 'millrace.client': '0' }]]);
});

test('a histogram has the same buckets there, and each observation once', LIMIT, async () => {
  const { meter, collected } = provided();
  const metrics = openTelemetryMetrics({ meter });
  metrics.histogram('millrace_sink_ack_latency_seconds', 'Latency', [0.1, 1], { sink: 'z' }).observe(0.5);
  metrics.histogram('millrace_sink_ack_latency_seconds', 'Latency', [0.1, 1], { sink: 'z' }).observe(5);
  const histogram = (await collected()).get('messaging.client.operation.duration');
  assert.equal(histogram?.dataPointType, DataPointType.HISTOGRAM);
  const [point] = histogram?.dataPointType === DataPointType.HISTOGRAM ? histogram.dataPoints : [];
  assert.deepEqual(point?.value.buckets, { boundaries: [0.1, 1], counts: [0, 1, 1] });
  assert.equal(point?.value.sum, 5.5);
  const [own] = metrics.snapshot();
  assert.deepEqual(own?.value, {
    buckets: [
      { le: 0.1, count: 0 },
      { le: 1, count: 1 },
    ],
    sum: 5.5,
    count: 2,
  });
});

test('what is no meter is refused', () => {
  assert.throws(() => openTelemetryMetrics(Object({ meter: {} })), /meter must be a Meter/);
  assert.throws(() => openTelemetryMetrics(Object({})), /meter is missing/);
});

test('no two metrics have one name there', () => {
  const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const texts = sources.map((path) => readFileSync(join(SOURCES, path), 'utf8'));
  const names = new Set(
    texts.flatMap((text) => [...text.matchAll(/'(millrace_[a-z_]*[a-z])'/g)].map(([, name = '']) => name)),
  );
  assert.ok(names.size > 50, `${names.size} names were found`);
  const there = new Map<string, string>();
  for (const name of names) {
    const { name: dotted } = instrumentName(name);
    assert.equal(there.get(dotted), undefined, name);
    there.set(dotted, name);
  }
});
