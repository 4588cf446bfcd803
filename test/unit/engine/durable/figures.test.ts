import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobEvent, type JobOptions, Pipeline } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'figures', processingGuarantee: 'exactly-once' };

const copy = (source: ManualSource<string>, destination: Destination): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source.source).writeTo(durableSink(destination));
  return pipeline;
};

describe('the figures of a durable job', SUITE_LIMIT, () => {
  it('counts items once each: received, acknowledged with their commit, written, delivered', async () => {
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores: new HeldStores() });
    const job = engine.newJob(copy(source, new Destination()), OPTIONS);
    source.push('a', 'b', 'c');
    source.end();
    await job.join();
    const { itemsReceived, itemsAcknowledged, itemsWritten, itemsDelivered, itemsInFlight } = job.metrics();
    assert.deepEqual(
      { itemsReceived, itemsAcknowledged, itemsWritten, itemsDelivered, itemsInFlight },
      { itemsReceived: 3, itemsAcknowledged: 3, itemsWritten: 3, itemsDelivered: 3, itemsInFlight: 0 },
    );
  });

  it('counts copies, and items that had no key to tell them by', async () => {
    const source = new ManualSource<string>({ deduplication: { ttlMs: 1000, maxEntries: 100 } });
    source.keyOf = (item) => (item === 'unnamed' ? undefined : item);
    const destination = new Destination();
    const job = Engine.embedded({ stores: new HeldStores() }).newJob(copy(source, destination), OPTIONS);
    source.push('a', 'unnamed', 'a', 'b', 'unnamed', 'a');
    source.end();
    await job.join();
    assert.deepEqual(destination.items, ['a', 'unnamed', 'b', 'unnamed']);
    const { samples } = job.metrics();
    const count = (name: string) => samples.find((one) => one.name === `millrace_job_items_${name}_total`)?.value;
    assert.deepEqual([count('deduplicated'), count('without_key')], [2, 2]);
  });

  it('shows its outboxes, its commits and how long they took', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source, destination), OPTIONS);
    await job.whenRunning();
    assert.equal(job.metrics().commits, 0);
    source.push('aa', 'bb', 'cc');
    await until(() => source.acknowledged === 3);
    const { outboxMessages, outboxBytes, commits, samples } = job.metrics();
    assert.deepEqual({ outboxMessages, outboxBytes }, { outboxMessages: 3, outboxBytes: 6 });
    assert.ok(commits >= 1);
    const sample = (name: string) => samples.find((one) => one.name === name);
    assert.deepEqual(sample('millrace_job_outbox_messages')?.labels, { job: 'figures', sink: 'rows' });
    assert.equal(sample('millrace_job_outbox_messages')?.value, 3);
    assert.equal(sample('millrace_job_outbox_bytes')?.value, 6);
    const seconds = sample('millrace_job_commit_seconds');
    assert.equal(seconds?.kind === 'histogram' && seconds.value.count, commits);
    destination.confirm();
    await until(() => job.metrics().outboxMessages === 0);
    await engine.shutdown();
  });

  it('names an outbox as its sink is called, whatever other part of the job has that name', async () => {
    const engine = Engine.embedded({ stores: new HeldStores() });
    const pipeline = Pipeline.create();
    const stage = pipeline.readFrom(new ManualSource<string>().source).map((item) => item);
    stage.setName('rows').writeTo(durableSink(new Destination()));
    const job = engine.newJob(pipeline, OPTIONS);
    await job.whenRunning();
    assert.deepEqual(job.plan.parts.slice(1), [
      { kind: 'map', name: 'rows', called: 'rows' },
      { kind: 'sink', name: 'rows-2', called: 'rows' },
    ]);
    const shown = job.metrics().samples.filter(({ name }) => name === 'millrace_job_outbox_messages');
    assert.deepEqual(
      shown.map(({ labels }) => labels.sink),
      ['rows'],
    );
    await engine.shutdown();
  });

  it('tells what a start goes on with, and nothing of it on the first one', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    const events: JobEvent[] = [];
    const options: JobOptions = { ...OPTIONS, onEvent: (event) => events.push(event) };
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .mapAsync((item) => (item === 'never' ? new Promise<string>(() => {}) : Promise.resolve(item)))
      .writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores });
    const first = engine.newJob(pipeline, options);
    await first.whenRunning();
    source.push('aa', 'bb', 'never');
    await until(() => source.acknowledged === 3 && destination.items.length === 2);
    await first.cancel();
    assert.equal(first.metrics().outboxMessages, 2);
    assert.ok(events.every(({ kind }) => kind !== 'recovered'));
    const second = engine.newJob(pipeline, options);
    await second.whenRunning();
    const told = events.filter((event) => event.kind === 'recovered');
    assert.deepEqual(
      told.map(({ outbox, pendingCalls }) => ({ outbox, pendingCalls })),
      [{ outbox: { messages: 2, bytes: 4 }, pendingCalls: 1 }],
    );
    assert.ok((told[0]?.elapsedMs ?? -1) >= 0);
    assert.ok(second.metrics().samples.some(({ name }) => name === 'millrace_job_recovery_seconds'));
    await second.cancel();
  });

  it('counts the runs that followed a failure', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source, new Destination()), { ...OPTIONS, restart: { minBackoffMs: 1 } });
    await job.whenRunning();
    stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
    source.push('a');
    await until(() => source.opened >= 2);
    stores.failing = undefined;
    await until(() => source.acknowledged === 1);
    const restarts = job.metrics().samples.find(({ name }) => name === 'millrace_job_restarts_total');
    assert.ok(Number(restarts?.value) >= 1);
    await engine.shutdown();
  });

  it('says once that an outbox is full, and again only after it was half empty', async () => {
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    const told: unknown[] = [];
    const listener = (message: unknown) => told.push(message);
    subscribe('millrace:outbox-full', listener);
    const engine = Engine.embedded({ stores: new HeldStores() });
    const job = engine.newJob(copy(source, destination), { ...OPTIONS, maxOutboxMessages: 4 });
    source.push(...Array.from({ length: 4 }, (_, index) => `${index}`));
    await until(() => told.length === 1);
    assert.deepEqual(told, [{ job: 'figures', sink: 'rows', messages: 4, bytes: 4 }]);
    destination.confirm();
    await until(() => job.metrics().outboxMessages === 0);
    source.push(...Array.from({ length: 4 }, (_, index) => `${index}`));
    await until(() => told.length === 2);
    unsubscribe('millrace:outbox-full', listener);
    await job.cancel();
  });
});
