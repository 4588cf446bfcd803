import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { serve } from '../../src/http/index.js';
import { Engine, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { MemoryStores } from '../../src/store/index.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { ask } from '../support/http/ask.js';
import { LIMIT } from '../support/limits.js';

const DASHBOARD = new URL('../../recipes/grafana/millrace.json', import.meta.url);
/** Prometheus has it of each histogram. */
const OF_BUCKETS = 'le';

/** By the name of each series that a bridge with a store has, the names of its labels. */
async function servedSeries(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { url: broker } = await startAedes();
  const connectOptionsFn = () => ({ protocolVersion: 4 }) as const;
  await using engine = Engine.embedded({ stores: new MemoryStores() });
  const source = MqttSources.builder({ broker, clientId: 'in', topic: 'in/#', connectOptionsFn });
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source.qualityOfService(2).keepSession().build())
    .writeTo(MqttSinks.builder({ broker, clientId: 'out', topic: 'out', connectOptionsFn }).build());
  const job = engine.newJob(pipeline, { name: 'bridge', processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  // what is served may be a second old: of a job that is served before it runs that is not the whole
  await using served = await serve(engine, { port: 0 });
  const { body } = await ask({ port: served.port ?? 0 }, { path: '/metrics' });
  await job.cancel();
  const series = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of body.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)) {
    const known = series.get(name) ?? new Set<string>();
    series.set(name, known);
    for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) known.add(label);
  }
  return series;
}

test('the dashboard asks only for metrics and labels that a bridge with a store has', LIMIT, async () => {
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8'));
  const targets: readonly { readonly expr: string; readonly legendFormat: string }[] = dashboard.panels.flatMap(
    ({ targets }: { targets: unknown[] }) => targets,
  );
  const series = await servedSeries();
  const [query] = dashboard.templating.list.flatMap(({ query }: { query: { query?: string } }) => query.query ?? []);
  for (const { expr, legendFormat } of [...targets, { expr: String(query), legendFormat: '' }]) {
    const [name = ''] = /millrace_[a-z_]+/.exec(expr) ?? [];
    const labels = series.get(name);
    assert.ok(labels !== undefined, `there is no ${name}: ${expr}`);
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
    const matched = [...expr.matchAll(/([a-z_]+)=~/g)].map(([, label = '']) => label);
    const shown = [...legendFormat.matchAll(/\{\{([a-z_]+)\}\}/g)].map(([, label = '']) => label);
    for (const label of [...grouped, ...matched, ...shown])
      assert.ok(labels.has(label) || label === OF_BUCKETS, `${name} has no label ${label}: ${expr}`);
    // what is grouped away cannot be shown
    if (grouped.length > 0)
      assert.deepEqual(
        shown.filter((label) => !grouped.includes(label)),
        [],
        expr,
      );
  }
  assert.ok(targets.length > 20);
});
