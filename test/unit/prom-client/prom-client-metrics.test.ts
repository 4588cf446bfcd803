import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, type OpenMetricsContentType, Registry } from 'prom-client';
import { Engine, Pipeline, Sinks, TestSources } from '../../../src/index.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { promClientMetrics } from '../../../src/prom-client/index.js';
import { LIMIT } from '../../support/limits.js';

const textOf = async (registry: Registry): Promise<string> => (await registry.metrics()).trim();

test('a registry of prom-client gives the very text that ours gives, of each kind', LIMIT, async () => {
  const registry = new Registry();
  const own = new MetricsRegistry();
  own.counter('before_total', 'Was there before').add(3);
  const metrics = promClientMetrics({ registry, metrics: own });
  metrics.counter('a_total', 'Counts', { source: 'x' }).add(2);
  metrics.counter('a_total', 'Counts', { source: 'y' }).add();
  metrics.gauge('b', 'Goes').collect(() => 7);
  metrics.histogram('c_seconds', 'Buckets', [0.1, 1], { sink: 'z' }).observe(0.5);
  metrics.histogram('c_seconds', 'Buckets', [0.1, 1], { sink: 'z' }).observe(5);
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  assert.deepEqual(lines(await textOf(registry)), lines(own.toPrometheus()));
});

test('it is asked when it is read, and stands beside the metrics of others', LIMIT, async () => {
  const registry = new Registry();
  const other = new Counter({ name: 'other_total', help: 'Of the program', registers: [registry] });
  other.inc();
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.items(1, 2, 3)).writeTo(Sinks.noop());
  const job = Engine.embedded().newJob(pipeline, { name: 'copy', metrics: promClientMetrics({ registry }) });
  await job.join();
  assert.match(await textOf(registry), /^millrace_job_items_received_total\{job="copy"\} 3$/m);
  assert.match(await textOf(registry), /^other_total 1$/m);
  // what reads the job itself finds them, too
  assert.ok(job.metrics().samples.some(({ name }) => name === 'millrace_job_items_received_total'));
});

test('OpenMetrics has its names, too', LIMIT, async () => {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  promClientMetrics({ registry }).counter('a_total', 'Counts').add(2);
  assert.match(await registry.metrics(), /# TYPE a counter\na_total 2\n/);
});

test('a name that is taken is an error where it is asked for, and what is no registry is refused', () => {
  const registry = new Registry();
  promClientMetrics({ registry }).counter('a_total', 'Counts');
  assert.throws(() => promClientMetrics({ registry }).counter('a_total', 'Counts'), /already been registered/);
  assert.throws(() => promClientMetrics(Object({ registry: {} })), /registry must be a Registry of prom-client/);
  assert.throws(() => promClientMetrics(Object({})), /registry is missing/);
  assert.throws(() => promClientMetrics(Object({ registry, metric: 1 })), /did you mean "metrics"/);
});
