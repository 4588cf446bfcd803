import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sink, Source } from '../../../../src/connector/index.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobOptions, Pipeline } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'stops', processingGuarantee: 'exactly-once' };

const copy = (source: Source<string>, sink: Sink<string>): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  return pipeline;
};

const failsWith = (code: string) => (error: unknown) => error instanceof MillraceError && error.code === code;

describe('stopping a durable job', SUITE_LIMIT, () => {
  it('drains as soon as all inputs are stored, though the outbox goes on delivering a backlog', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    destination.window = 1;
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    source.push(...Array.from({ length: 5000 }, (_, index) => `${index}`));
    await until(() => source.acknowledged === 5000);
    // a disk that takes longer for a commit than the destination for a message
    stores.holding = true;
    stores.onCommit = () => setTimeout(() => stores.release(), 3);
    const confirming = setInterval(() => destination.confirm(), 1);
    assert.equal(await job.drain(), true);
    clearInterval(confirming);
    assert.ok(destination.items.length < 5000, 'it delivered the backlog first');
    await engine.shutdown();
  });

  it('waits in a drain for the commit that is under way, and acknowledges what it covers', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(new Destination())), OPTIONS);
    await job.whenRunning();
    stores.holding = true;
    source.push('a');
    await until(() => stores.held === 1);
    source.push('b');
    await until(() => job.metrics().itemsReceived === 2);
    const drained = job.drain();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(source.acknowledged, 0);
    stores.release();
    await until(() => stores.held === 1);
    stores.holding = false;
    stores.release();
    assert.equal(await drained, true);
    assert.equal(source.acknowledged, 2);
  });

  it('says that a drain ran out of time when its commit does not come, and ends when it does', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(new Destination())), { ...OPTIONS, drainTimeoutMs: 20 });
    await job.whenRunning();
    stores.holding = true;
    source.push('a');
    await until(() => stores.held === 1);
    assert.equal(await job.drain(), false);
    assert.equal(source.acknowledged, 0);
    assert.equal(job.status, 'COMPLETED');
    stores.release();
  });

  it('can be cancelled, suspended and drained while it opens, and then begins as if it had not', async () => {
    const stores = new HeldStores();
    for (const stop of ['cancel', 'suspend', 'drain'] as const) {
      const opening = deferred<void>();
      const source = new ManualSource<string>();
      const slow: Source<string> = {
        ...source.source,
        createReader: async (context) => {
          await opening.promise;
          context.signal.throwIfAborted();
          return source.source.createReader(context);
        },
      };
      const destination = new Destination();
      const engine = Engine.embedded({ stores });
      const job = engine.newJob(copy(slow, durableSink(destination)), { ...OPTIONS, name: stop });
      await until(() => job.status === 'STARTING');
      const stopped = job[stop]();
      opening.resolve();
      await stopped;
      await job.cancel();
      const again = engine.newJob(copy(source.source, durableSink(destination)), { ...OPTIONS, name: stop });
      source.push('a');
      await until(() => source.acknowledged === 1);
      assert.deepEqual(destination.items, ['a'], stop);
      await again.cancel();
    }
  });

  it('can be stopped in every way at once and twice, in the middle of a commit', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    stores.holding = true;
    source.push('a');
    await until(() => stores.held === 1);
    const stops = [job.suspend(), job.suspend(), job.drain(), job.drain(), job.cancel(), job.cancel()];
    stores.holding = false;
    stores.release();
    await Promise.allSettled(stops);
    assert.equal(job.status, 'FAILED');
    const second = engine.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await until(() => source.acknowledged === 1);
    await second.drain();
    assert.deepEqual([...new Set(destination.items)], ['a']);
  });

  it('does not acknowledge what a commit covers that ends after the sink has failed, and goes on from it', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    const failing = deferred<void>();
    const rows = durableSink(destination);
    const sink: Sink<string> = {
      ...rows,
      createDurableWriter: async (context, restore) => {
        const writer = await rows.createDurableWriter?.(context, restore);
        if (writer === undefined) throw new Error('it is a durable sink');
        return {
          outboxes: writer.outboxes,
          prepare: (items) => writer.prepare(items),
          flush: () => writer.flush(),
          ready: () => Promise.race([writer.ready(), failing.promise]),
          close: () => writer.close(),
        };
      },
    };
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, sink), OPTIONS);
    await job.whenRunning();
    stores.holding = true;
    source.push('a');
    await until(() => stores.held === 1);
    failing.reject(new MillraceError('NOT_AUTHORIZED', 'no more'));
    setTimeout(() => stores.release(), 20);
    await assert.rejects(job.join(), failsWith('NOT_AUTHORIZED'));
    stores.holding = false;
    assert.equal(source.acknowledged, 0);
    assert.deepEqual(destination.items, []);
    const again = engine.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await until(() => destination.items.includes('a'));
    await again.drain();
  });

  it('commits and acknowledges what it has when a source fails', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const other = new ManualSource<string>({ name: 'other' });
    const destination = new Destination();
    const pipeline = Pipeline.create();
    pipeline.readFrom(source.source).merge(pipeline.readFrom(other.source)).writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(pipeline, OPTIONS);
    await job.whenRunning();
    stores.holding = true;
    source.push('a');
    await until(() => stores.held === 1);
    other.push('b');
    await until(() => job.metrics().itemsReceived === 2);
    source.fail(new MillraceError('NOT_AUTHORIZED', 'no more'));
    stores.holding = false;
    stores.release();
    await assert.rejects(job.join(), failsWith('NOT_AUTHORIZED'));
    assert.equal(other.acknowledged, 1);
    assert.deepEqual(destination.items.sort(), ['a', 'b']);
  });
});
