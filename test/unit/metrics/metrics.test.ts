import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { MillraceError } from '../../../src/errors/index.js';
import { hasDiagnosticSubscribers, MetricsRegistry, publishDiagnostic } from '../../../src/metrics/index.js';

test('the same name and labels give the same instrument, in any order of labels', () => {
  const registry = new MetricsRegistry();
  registry.counter('items_total', 'Items', { a: '1', b: '2' }).add(2);
  registry.counter('items_total', 'Items', { b: '2', a: '1' }).add();
  registry.counter('items_total', 'Items', { a: '1' }).add(10);
  assert.deepEqual(
    registry.snapshot().map((sample) => sample.value),
    [3, 10],
  );
});

test('a counter never falls', () => {
  const counter = new MetricsRegistry().counter('c_total', '');
  counter.add(-5);
  const registry = new MetricsRegistry();
  registry.counter('c_total', '').add(-5);
  assert.equal(registry.snapshot()[0]?.value, 0);
});

test('a gauge can be a function that is asked when metrics are read', () => {
  const registry = new MetricsRegistry();
  let value = 1;
  registry.gauge('g_bytes', '').collect(() => value);
  value = 7;
  assert.equal(registry.snapshot()[0]?.value, 7);
  registry.gauge('g_bytes', '').set(3);
  assert.equal(registry.snapshot()[0]?.value, 3);
});

test('a histogram counts what is at most each bound', () => {
  const registry = new MetricsRegistry();
  const histogram = registry.histogram('h_seconds', 'Time', [1, 0.1]);
  for (const value of [0.05, 0.1, 0.5, 5]) histogram.observe(value);
  assert.deepEqual(registry.snapshot()[0]?.value, {
    buckets: [
      { le: 0.1, count: 2 },
      { le: 1, count: 3 },
    ],
    sum: 5.65,
    count: 4,
  });
});

test('a name belongs to one kind of instrument and must be well formed', () => {
  const registry = new MetricsRegistry();
  registry.counter('x_total', '');
  const invalid = (error: unknown): boolean => error instanceof MillraceError && error.code === 'INVALID_OPTIONS';
  assert.throws(() => registry.gauge('x_total', '', { other: 'label' }), invalid);
  assert.throws(() => registry.counter('x-total', ''), invalid);
});

test('the Prometheus text escapes values and names each metric once', () => {
  const registry = new MetricsRegistry();
  registry.counter('a_total', 'Line\nbreak', { topic: 'a"b\\c\nd' }).add(2);
  registry.histogram('h_seconds', 'Time', [1], { x: 'y' }).observe(0.5);
  registry.counter('a_total', 'Line\nbreak').add(1);
  assert.equal(
    registry.toPrometheus(),
    [
      '# HELP a_total Line\\nbreak',
      '# TYPE a_total counter',
      'a_total{topic="a\\"b\\\\c\\nd"} 2',
      'a_total 1',
      '# HELP h_seconds Time',
      '# TYPE h_seconds histogram',
      'h_seconds_bucket{x="y",le="1"} 1',
      'h_seconds_bucket{x="y",le="+Inf"} 1',
      'h_seconds_sum{x="y"} 0.5',
      'h_seconds_count{x="y"} 1',
      '',
    ].join('\n'),
  );
});

test('a diagnostic reaches subscribers of its channel only while there are any', () => {
  const seen: unknown[] = [];
  const listener = (data: unknown): void => {
    seen.push(data);
  };
  const told = (server: string) => ({ name: 'source a', server });
  publishDiagnostic('reconnect', told('0'));
  subscribe('millrace:reconnect', listener);
  try {
    assert.equal(hasDiagnosticSubscribers('reconnect'), true);
    publishDiagnostic('reconnect', told('1'));
    publishDiagnostic('insecure-tls', told('2'));
  } finally {
    unsubscribe('millrace:reconnect', listener);
  }
  publishDiagnostic('reconnect', told('3'));
  assert.deepEqual(seen, [told('1')]);
});
