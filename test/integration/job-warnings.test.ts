import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { ClusterEngine } from '../../src/cluster/engine/cluster-engine.js';
import { Engine, MqttSinks, MqttSources, Pipeline, SinkBuilder, Sinks, TestSources } from '../../src/index.js';
import { publishDiagnostic } from '../../src/metrics/index.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { freePort } from '../support/free-port.js';
import { PATIENCE_MS, SUITE_LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

interface Warning extends Error {
  readonly code?: string;
  readonly detail?: string;
}

/** The warnings of this process, from now until it is disposed of. */
class Warnings implements Disposable {
  readonly all: Warning[] = [];
  readonly #onWarning = (warning: Warning): void => void this.all.push(warning);

  constructor() {
    process.on('warning', this.#onWarning);
  }

  [Symbol.dispose](): void {
    process.off('warning', this.#onWarning);
  }
}

const consumer = async (clientId: string): Promise<Pipeline> => {
  const pipeline = Pipeline.create();
  const broker = `mqtt://127.0.0.1:${await freePort()}`;
  const connectOptionsFn = () => ({ reconnectPeriod: 100, maxReconnectPeriod: 100 });
  pipeline
    .readFrom(MqttSources.builder({ broker, clientId, topic: 't', connectOptionsFn }).build())
    .writeTo(Sinks.noop());
  return pipeline;
};

describe('a job that nobody watches', SUITE_LIMIT, () => {
  it('says once, as a warning of the process, that its broker is not there: which part, why, and what to do', async () => {
    using warnings = new Warnings();
    await using job = Engine.embedded().newJob(await consumer('wrong-port'), { name: 'orders' });
    const [warning]: Warning[] = await once(process, 'warning');
    assert.equal(warning?.code, 'MILLRACE_NOT_CONNECTED');
    assert.match(warning.message, /job "orders": source wrong-port: .*connection refused.* \(for \d+ s\)/);
    assert.match(warning.detail ?? '', /Check that the broker runs and listens on this host and port/);
    assert.equal(job.status, 'STARTING');
    assert.equal(warnings.all.length, 1);
  });

  it('says the same of the broker of a table that it waits for', async () => {
    using warnings = new Warnings();
    const broker = `mqtt://127.0.0.1:${await freePort()}`;
    const sites = MqttSources.table({ broker, topic: 'sites/+' });
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items('boiler'))
      .lookup(
        sites,
        (device) => device,
        (_, site) => site,
      )
      .writeTo(Sinks.noop());
    await using _job = Engine.embedded().newJob(pipeline, { name: 'enriches' });
    const [warning]: Warning[] = await once(process, 'warning');
    assert.equal(warning?.code, 'MILLRACE_NOT_CONNECTED');
    assert.match(warning.message, /job "enriches": table sites\/\+: .*connection refused.* \(for \d+ s\)/);
    assert.match(warning.detail ?? '', /Check that the broker runs and listens on this host and port/);
    assert.equal(warnings.all.length, 1);
  });

  it('as a source or a sink does that is opened without an engine', async () => {
    using warnings = new Warnings();
    const broker = `mqtt://127.0.0.1:${await freePort()}`;
    const abort = new AbortController();
    const { signal } = abort;
    const opening = [
      MqttSources.builder({ broker, clientId: 'alone', topic: 't' }).build().open({ signal }),
      MqttSinks.builder({ broker, clientId: 'alone', topic: 't' }).build().open({ signal }),
      MqttSources.builder({ broker, clientId: 'silent', topic: 't' }).build().open({ signal, warnings: false }),
    ];
    while (warnings.all.length < 2) await once(process, 'warning');
    abort.abort();
    for (const one of opening) await assert.rejects(one, { code: 'ABORTED' });
    assert.deepEqual(
      warnings.all.map(({ message }) => /^(source|sink) "alone": (source alone|alone-0): /.exec(message)?.[1]).sort(),
      ['sink', 'source'],
    );
  });

  it('says nothing with warnings: false', async () => {
    using warnings = new Warnings();
    const quiet = Engine.embedded({ warnings: false }).newJob(await consumer('quiet'), { name: 'quiet' });
    const loud = Engine.embedded().newJob(await consumer('loud'), { name: 'loud' });
    await once(process, 'warning');
    assert.deepEqual(
      warnings.all.map(({ message }) => /job "(\w+)"/.exec(message)?.[1]),
      ['loud'],
    );
    await Promise.all([quiet.drain(), loud.drain()]);
  });

  it('says once what weakens it, and nothing of what is of another job, or happens after its end', async () => {
    using warnings = new Warnings();
    const job = Engine.embedded().newJob(await consumer('weak'), { name: 'weak' });
    const tell = () => publishDiagnostic('messages-dropped', { source: 'weak', policy: 'drop-oldest' });
    tell();
    tell();
    publishDiagnostic('insecure-tls', { name: 'source other', server: 'h:1' });
    await once(process, 'warning');
    await job.drain();
    tell();
    await new Promise(setImmediate);
    assert.deepEqual(
      warnings.all.map(({ code }) => code),
      ['MILLRACE_MESSAGES_DROPPED'],
    );
  });

  it('a job that is drained or cancelled before it ran never runs: whenRunning rejects', async () => {
    for (const end of ['drain', 'cancel'] as const) {
      const job = Engine.embedded().newJob(await consumer(end), { name: end });
      const running = job.whenRunning();
      await job[end]();
      await assert.rejects(running, { code: 'ABORTED' });
    }
  });

  it('says the same on a cluster, of the partitions that the node has, until it has ended there', async () => {
    using warnings = new Warnings();
    const place = new MemoryCluster().place();
    // a node that loses its lease stops its partitions without a drain: this one loses none, however late its beats are
    const leaseMs = 2 * PATIENCE_MS;
    await using engine = new ClusterEngine({ place, node: 'a', leaseMs, standbys: 0, warnings: true });
    const stuck = Pipeline.create();
    const never = SinkBuilder.sinkBuilder('never', () => ({})).receiveFn(() => new Promise<void>(() => {}));
    stuck.readFrom(TestSources.itemStream(100, (_, count) => count)).writeTo(never.build());
    const late = engine.newJob(stuck, { name: 'late', processingGuarantee: 'at-least-once', drainTimeoutMs: 50 });
    const away = engine.newJob(await consumer('nowhere'), { name: 'away' });
    while (warnings.all.length < 1) await once(process, 'warning');
    assert.match(warnings.all[0]?.message ?? '', /job "away": source nowhere: .*connection refused/);
    await until(() => late.metrics().itemsInFlight > 0);
    assert.equal(await late.drain(), false);
    await new Promise(setImmediate);
    assert.equal(warnings.all.length, 2, 'it is told before the drain is over');
    assert.equal(warnings.all[1]?.code, 'MILLRACE_DRAIN_TIMED_OUT');
    assert.match(warnings.all[1]?.message ?? '', /job "late": .*waited in vain for sink "never"/);
    await away.cancel();
    publishDiagnostic('messages-dropped', { source: 'nowhere', policy: 'drop-oldest' });
    await new Promise(setImmediate);
    assert.equal(warnings.all.length, 2);
  });
});
