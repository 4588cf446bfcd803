import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineSource, type SourceReader } from '../../../../src/connector/index.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobEvent, type JobOptions, Pipeline } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import type { StoreBatch } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'bounds', processingGuarantee: 'exactly-once' };

const sizeOf = (batch: StoreBatch): number =>
  [...batch.values()].reduce((sum, value) => sum + (value?.byteLength ?? 0), 0);

describe('the bounds of a durable job', SUITE_LIMIT, () => {
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

  it('goes on by itself where states that fit one by one are too large together, with each input by itself', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<number>();
    const destination = new Destination();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .groupingKey((key) => key)
      .mapStateful(
        () => ({ text: '', count: 0 }),
        (state, key) => {
          state.text = 'x'.repeat(10 * 1024 * 1024);
          state.count += 1;
          return `${key} ${state.count}`;
        },
      )
      .setName('large')
      .writeTo(durableSink(destination));
    const events: JobEvent[] = [];
    const onEvent = (event: JobEvent): void => void events.push(event);
    const engine = Engine.embedded({ stores });
    const keys = Array.from({ length: 7 }, (_, index) => index);
    source.push(...keys);
    source.end();
    await engine.newJob(pipeline, { ...OPTIONS, onEvent, restart: { minBackoffMs: 1 } }).join();
    assert.deepEqual(
      destination.items,
      keys.map((key) => `${key} 1`),
    );
    const errors = events.flatMap((event) => (event.kind === 'restarting' ? [event.error] : []));
    assert.equal(errors.length, 1);
    assert.equal(errors[0]?.code, 'MESSAGE_TOO_LARGE');
    assert.match(`${errors[0]?.message} ${errors[0]?.advice}`, /several inputs.* one by one/);
  });

  it('says that one input is too large for a commit, and goes on with it when less is made of it', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    const pipeline = (bytes: number): Pipeline => {
      const built = Pipeline.create();
      built
        .readFrom(source.source)
        .map((item) => (item === 'large' ? 'x'.repeat(bytes) : item))
        .writeTo(durableSink(destination));
      return built;
    };
    const engine = Engine.embedded({ stores });
    source.push('a', 'large', 'b');
    await assert.rejects(
      engine.newJob(pipeline(65 * 1024 * 1024), OPTIONS).join(),
      (error) =>
        error instanceof MillraceError &&
        error.code === 'MESSAGE_TOO_LARGE' &&
        /maximumPacketSize/.test(`${error.advice}`),
    );
    assert.deepEqual(destination.items, []);
    source.end();
    await engine.newJob(pipeline(5), OPTIONS).join();
    assert.deepEqual(destination.items, ['a', 'xxxxx', 'b']);
  });

  it('makes no more items while those that wait for a mapAsync call have too many bytes', async () => {
    const source = new ManualSource<number>();
    const destination = new Destination();
    const open = deferred<void>();
    let made = 0;
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .map(() => {
        made += 1;
        return 'x'.repeat(100_000);
      })
      .mapAsync(
        async (item) => {
          await open.promise;
          return item.slice(0, 1);
        },
        { maxConcurrency: 2 },
      )
      .writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores: new HeldStores() });
    const job = engine.newJob(pipeline, { ...OPTIONS, maxBytesInFlight: 1_000_000 });
    source.push(...Array.from({ length: 400 }, (_, index) => index));
    source.end();
    await until(() => source.acknowledged > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(made < 150, `${made} items of 100 kB wait, for a bound of 1 MB`);
    open.resolve();
    await job.join();
    assert.equal(destination.items.length, 400);
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
