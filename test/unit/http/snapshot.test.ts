import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MadeOnce } from '../../../src/http/policy/made-once.js';
import { EngineObserver } from '../../../src/http/snapshot/engine-snapshot.js';
import { ratesBetween, totalsOf } from '../../../src/http/snapshot/job-rates.js';
import { metricsText } from '../../../src/http/snapshot/metrics-text.js';
import { partFigures } from '../../../src/http/snapshot/part-figures.js';
import { StandingWindows } from '../../../src/http/snapshot/standing-windows.js';
import { ProcessListener } from '../../../src/http/told/process-listener.js';
import { Engine, Pipeline, Sinks, TestSources } from '../../../src/index.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';

const LIMITS = { maxItemsInFlight: 1, maxBytesInFlight: 1, maxOutboxMessages: 10, maxOutboxBytes: 100 };

/** A pipeline that goes on until its job is stopped. */
const endless = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(1, () => 1)).writeTo(Sinks.noop());
  return pipeline;
};

describe('what is made of what jobs count', () => {
  it('is made once a second at most, however often it is asked for', () => {
    let made = 0;
    const once = new MadeOnce(() => {
      made += 1;
      return made;
    });
    for (let ms = 0; ms < 10_000; ms += 1) once.at(ms);
    assert.equal(made, 10);
  });

  it('has outboxes, windows and lags by part, and nothing that is of another job in the same registry', () => {
    const registry = new MetricsRegistry();
    for (const job of ['orders', 'other'])
      registry.gauge('millrace_job_outbox_messages', '', { job, sink: `to ${job}` }).set(3);
    for (const client of ['0', '1']) registry.gauge('millrace_connected', '', { sink: 'to orders', client }).set(1);
    registry.gauge('millrace_sink_inflight', '', { sink: 'to orders' }).set(5);
    registry.gauge('millrace_source_buffered_messages', '', { source: 'from' }).set(7);
    const figures = partFigures(registry.snapshot(), 'orders', LIMITS);
    assert.deepEqual(figures.outboxes, [{ sink: 'to orders', messages: 3, bytes: 0, maxMessages: 10, maxBytes: 100 }]);
    assert.deepEqual(figures.windows, [{ sink: 'to orders', inFlight: 5, waiting: 0 }]);
    assert.deepEqual(figures.lags, [{ source: 'from', buffered: 7, bufferedBytes: 0, unacknowledged: 0 }]);
    assert.equal(figures.sinks['to orders']?.millrace_connected, 2);
  });

  it('says how long a broker has confirmed nothing: not while it confirms, is away, or has nothing to confirm', () => {
    const windows = new StandingWindows();
    const looks = [
      { inFlight: 3, delivered: 7, unconfirmedMs: 0 },
      { inFlight: 3, delivered: 7, unconfirmedMs: 5000 },
      { inFlight: 9, delivered: 7, unconfirmedMs: 10_000 },
      { inFlight: 9, delivered: 8, unconfirmedMs: 0 },
      { inFlight: 9, delivered: 8, unconfirmedMs: 5000 },
      { inFlight: 0, delivered: 8, unconfirmedMs: 0 },
      { inFlight: 9, delivered: 8, unconfirmedMs: 0 },
      { inFlight: 9, delivered: 8, connected: 0, unconfirmedMs: 0 },
      { inFlight: 9, delivered: 8, unconfirmedMs: 0 },
    ];
    for (const [index, { inFlight, delivered, connected = 1, unconfirmedMs }] of looks.entries()) {
      const sinks = { out: { millrace_connected: connected, millrace_sink_delivered_total: delivered } };
      const looked = windows.look([{ sink: 'out', inFlight, waiting: 0 }], sinks, index * 5000);
      assert.deepEqual(looked, [{ sink: 'out', inFlight, waiting: 0, unconfirmedMs }], `look ${index}`);
    }
  });

  it('has rates over the time between two looks, and none at the first', async () => {
    await using engine = Engine.embedded();
    const metrics = engine.newJob(endless(), { name: 'a' }).metrics();
    const commits = new MetricsRegistry();
    const commitSeconds = commits.histogram('millrace_job_commit_seconds', '', [1], { job: 'a' });
    const before = totalsOf({ ...metrics, itemsReceived: 100, samples: commits.snapshot() }, 'a', 1000);
    for (const seconds of [0.002, 0.004]) commitSeconds.observe(seconds);
    const now = totalsOf({ ...metrics, itemsReceived: 600, samples: commits.snapshot() }, 'a', 3000);
    const { overMs, receivedPerSecond, commitMs, ackMs } = ratesBetween(before, now);
    assert.deepEqual(
      { overMs, receivedPerSecond, commitMs, ackMs },
      { overMs: 2000, receivedPerSecond: 250, commitMs: 3, ackMs: null },
    );
    assert.equal(ratesBetween(undefined, now).receivedPerSecond, 0);
  });

  it('as text for Prometheus has each series once: with the job of its own registry, and of a shared one as it is', async () => {
    await using engine = Engine.embedded();
    const shared = new MetricsRegistry();
    shared.gauge('mine', 'a "help"\n', { label: 'q"\\\n' }).set(1);
    for (const name of ['own a', 'own b']) engine.newJob(endless(), { name });
    for (const name of ['shared a', 'shared b']) engine.newJob(endless(), { name, metrics: shared });
    await Promise.all(engine.jobs.map((job) => job.whenRunning()));
    using listener = new ProcessListener(() => true);
    const text = metricsText(new EngineObserver(engine, listener, false).look(0));
    const series = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.replace(/ \S+$/, ''));
    assert.deepEqual(series.length, new Set(series).size);
    for (const line of series) assert.match(line, /^[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})?$/);
    for (const name of ['own a', 'own b', 'shared a', 'shared b']) {
      assert.ok(series.includes(`millrace_job_items_received_total{job="${name}"}`), name);
      assert.ok(text.includes(`millrace_job_status{job="${name}",status="RUNNING"} 1\n`));
    }
    assert.ok(text.includes('mine{label="q\\"\\\\\\n"} 1\n'));
    assert.deepEqual([...new Set(text.match(/^# TYPE \S+/gm))].length, text.match(/^# TYPE /gm)?.length);
  });

  it('as text for Prometheus has the status of a job that has failed, until one of its name runs again', async () => {
    await using engine = Engine.embedded();
    using listener = new ProcessListener(() => true);
    const observer = new EngineObserver(engine, listener, false);
    const failing = Pipeline.create();
    failing
      .readFrom(TestSources.items(1))
      .map((): number => {
        throw new Error('no');
      })
      .writeTo(Sinks.noop());
    await assert.rejects(engine.newJob(failing, { name: 'a' }).join());
    const failed = metricsText(observer.look(0));
    assert.ok(failed.includes('millrace_job_status{job="a",status="FAILED"} 1\n'), failed);
    assert.ok(failed.includes('millrace_job_status{job="a",status="RUNNING"} 0\n'), failed);
    await engine.newJob(endless(), { name: 'a' }).whenRunning();
    const again = metricsText(observer.look(1));
    assert.ok(again.includes('millrace_job_status{job="a",status="FAILED"} 0\n'), again);
    assert.ok(again.includes('millrace_job_status{job="a",status="RUNNING"} 1\n'), again);
  });
});
