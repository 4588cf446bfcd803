import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineSource, type SourceReader } from '../../src/connector/index.js';
import { Engine, type JobOptions, Pipeline } from '../../src/index.js';
import type { StoreBatch } from '../../src/store/index.js';
import { Destination, durableSink } from '../support/durable-sink-rig.js';
import { HeldStores } from '../support/held-stores.js';
import { ManualSource } from '../support/manual-source.js';
import { until } from '../support/until.js';

const OPTIONS: JobOptions = { name: 'bounds', processingGuarantee: 'exactly-once' };

const sizeOf = (batch: StoreBatch): number =>
  [...batch.values()].reduce((sum, value) => sum + (value?.byteLength ?? 0), 0);

describe('the bounds of a durable job', { timeout: 60_000 }, () => {
  it('spreads what a burst of inputs explodes into over commits that the store takes', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<number>();
    const destination = new Destination();
    const kilobyte = 'x'.repeat(1024);
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .flatMap(() => Array.from({ length: 64 }, () => kilobyte))
      .writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores });
    source.push(...Array.from({ length: 2048 }, (_, index) => index));
    source.end();
    await engine.newJob(pipeline, OPTIONS).join();
    assert.equal(destination.arrived.length, 2048 * 64);
    const largest = Math.max(...stores.batches.map(sizeOf));
    assert.ok(largest < 32 * 1024 * 1024, `a commit of ${largest} bytes`);
  });

  it('takes a large message after small ones, and small ones after it, without too large a commit', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<number>();
    const destination = new Destination();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .map((bytes) => 'x'.repeat(bytes))
      .writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores });
    source.push(...Array.from({ length: 600 }, (_, index) => (index > 100 && index < 400 ? 512 * 1024 : 10)));
    source.end();
    await engine.newJob(pipeline, OPTIONS).join();
    assert.equal(destination.arrived.length, 600);
    const largest = Math.max(...stores.batches.map(sizeOf));
    assert.ok(largest < 40 * 1024 * 1024, `a commit of ${largest} bytes`);
  });

  it('does not commit without end when an answer waits and nothing was ever polled', async () => {
    const stores = new HeldStores();
    const destination = new Destination();
    destination.confirming = false;
    const first = Engine.embedded({ stores });
    const seed = new ManualSource<string>({ name: 'answered' });
    const filling = Pipeline.create();
    filling.readFrom(seed.source).writeTo(durableSink(destination));
    const job = first.newJob(filling, { ...OPTIONS, maxOutboxMessages: 1 });
    await job.whenRunning();
    seed.push('a');
    await until(() => seed.acknowledged === 1);
    await job.cancel();

    const answers = { dirty: true, committed: 0, polled: 0 };
    const source = defineSource<string>({
      name: 'answered',
      claims: [],
      defaultGuarantee: 'at-least-once',
      refuse: () => undefined,
      onError: 'fail',
      createReader: async () => waitingReader(answers),
    });
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores });
    const before = stores.batches.length;
    engine.newJob(pipeline, { ...OPTIONS, maxOutboxMessages: 1 });
    await until(() => answers.committed >= 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(answers.polled, 0, 'the outbox is full from the start');
    assert.ok(stores.batches.length - before < 5, `${stores.batches.length - before} commits for one answer`);
    await engine.shutdown();
  });
});

/** Has something to commit besides a position, once. */
const waitingReader = (answers: { dirty: boolean; committed: number; polled: number }): SourceReader<string> => ({
  get dirty() {
    return answers.dirty;
  },
  poll: () => {
    answers.polled += 1;
    return { items: [], timestampMs: 0, first: 0, last: -1, bytes: 0, rejected: [], done: false };
  },
  ready: () => new Promise(() => {}),
  snapshot: (upTo) => {
    answers.dirty = false;
    return { mark: upTo, state: undefined };
  },
  committed: () => {
    answers.committed += 1;
  },
  close: async () => {},
});
