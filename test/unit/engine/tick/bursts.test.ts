import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sink } from '../../../../src/connector/index.js';
import { defineSink } from '../../../../src/connector/index.js';
import { Engine, type JobOptions, MillraceError, Pipeline, SinkBuilder, TestSources } from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'bursts', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };

/** So many small texts. */
function* texts(count: number): Generator<string> {
  for (let index = 0; index < count; index += 1) yield `text ${index}`;
}

const burst = (source: ManualSource<number>, sink: Sink<string>, fn = texts): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source.source).flatMap(fn).writeTo(sink);
  return pipeline;
};

/** How long this process has computed since; others that run beside it do not count. */
const computedMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

const LOOK_MS = 5;

/** Milliseconds of a processor until all that the inputs lead to has arrived, and the most of them for which the event loop stood still. */
const timed = async (
  options: JobOptions,
  inputs: readonly number[],
): Promise<{ readonly ms: number; readonly blockedMs: number }> => {
  const source = new ManualSource<number>({ defaultGuarantee: 'none' });
  source.push(...inputs);
  source.end();
  const count = inputs.reduce((sum, one) => sum + one, 0);
  let arrived = 0;
  const sink = SinkBuilder.sinkBuilder('counter', () => undefined)
    .receiveFn<string>(() => {
      arrived += 1;
    })
    .build();
  const engine = Engine.embedded({ stores: new MemoryStores() });
  const start = process.cpuUsage();
  let looked = start;
  let blockedMs = 0;
  const looking = setInterval(() => {
    blockedMs = Math.max(blockedMs, computedMs(looked));
    looked = process.cpuUsage();
  }, LOOK_MS);
  await engine.newJob(burst(source, sink), { ...options, maxOutboxMessages: 10_000_000 }).join();
  clearInterval(looking);
  assert.equal(arrived, count);
  return { ms: computedMs(start), blockedMs };
};

describe('one input that leads to very many outputs', SUITE_LIMIT, () => {
  it('costs in an exactly-once job as much for each output as many inputs do, and gives way to the event loop', async () => {
    await timed(OPTIONS, [10_000]);
    const many = await timed(
      OPTIONS,
      Array.from({ length: 200 }, () => 1000),
    );
    const one = await timed(OPTIONS, [200_000]);
    // quadratic, it was forty times as much
    assert.ok(one.ms < 5 * many.ms, `${one.ms} ms for one input, ${many.ms} ms for 200`);
    assert.ok(one.blockedMs < 1000, `the loop stood still for ${one.blockedMs} ms`);
  });

  it('stores it in many commits, none of them large, and takes the input in the last of them', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<number>();
    const destination = new Destination();
    const job = Engine.embedded({ stores }).newJob(burst(source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    let arrivedBefore = 0;
    stores.onCommit = () => {
      if (source.acknowledged === 0) arrivedBefore = destination.items.length;
    };
    source.push(100_000);
    await until(() => destination.items.length === 100_000);
    assert.equal(arrivedBefore, 0, 'an output left before its input was taken');
    assert.deepEqual(destination.items, [...texts(100_000)]);
    const sizes = stores.batches.map((batch) =>
      [...batch.values()].reduce((sum, bytes) => sum + (bytes?.byteLength ?? 0), 0),
    );
    assert.ok(sizes.length > 10, `${sizes.length} commits`);
    assert.ok(Math.max(...sizes) < 1024 * 1024, `a commit of ${Math.max(...sizes)} bytes`);
    await job.drain();
  });

  it('outputs may be more than a commit can have', async () => {
    const source = new ManualSource<number>();
    const destination = new Destination();
    const large = 'x'.repeat(1024 * 1024);
    const sink = durableSink(destination);
    const pipeline = burst(source, sink, function* (count: number): Generator<string> {
      for (let index = 0; index < count; index += 1) yield `${index} ${large}`;
    });
    source.push(100);
    source.end();
    await Engine.embedded({ stores: new MemoryStores() }).newJob(pipeline, OPTIONS).join();
    assert.equal(destination.items.length, 100);
    assert.ok(destination.items[99]?.startsWith('99 '));
  });

  for (const at of [1, 4, 9]) {
    it(`a run that ends in its middle (at commit ${at}) leaves nothing that is sent, and the next one makes all of it once`, async () => {
      const stores = new HeldStores();
      const source = new ManualSource<number>();
      const destination = new Destination();
      const first = Engine.embedded({ stores }).newJob(burst(source, durableSink(destination)), OPTIONS);
      await first.whenRunning();
      const before = stores.batches.length;
      stores.onCommit = () => {
        if (stores.batches.length === before + at) stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
      };
      source.push(60_000);
      await assert.rejects(first.join());
      assert.deepEqual(destination.items, []);
      assert.equal(source.acknowledged, 0);
      stores.failing = undefined;
      stores.onCommit = () => {};
      // the function is not deterministic: it makes others now, and fewer
      const fewer = burst(source, durableSink(destination), function* (): Generator<string> {
        for (let index = 0; index < 9000; index += 1) yield `other ${index}`;
      });
      const again = Engine.embedded({ stores }).newJob(fewer, OPTIONS);
      await until(() => source.acknowledged === 1);
      source.push(1);
      source.end();
      await again.join();
      assert.equal(destination.items.length, 18_000);
      assert.deepEqual(destination.items.slice(0, 3), ['other 0', 'other 1', 'other 2']);
      assert.equal(destination.items[17_999], 'other 8999');
    });
  }

  it('a function that throws in its middle leaves nothing of the input, and what was before it stays', async () => {
    const stores = new MemoryStores();
    const source = new ManualSource<number>();
    const destination = new Destination();
    let failing = true;
    const sometimes = function* (count: number): Generator<string> {
      for (let index = 0; index < count; index += 1) {
        if (failing && index === 30_000) throw new Error('no');
        yield `${count} ${index}`;
      }
    };
    source.push(10, 50_000, 20);
    source.end();
    for (let starts = 0; starts < 2; starts += 1) {
      const job = Engine.embedded({ stores }).newJob(burst(source, durableSink(destination), sometimes), OPTIONS);
      await assert.rejects(job.join(), { code: 'USER_FUNCTION_FAILED' });
    }
    assert.equal(source.acknowledged, 1, 'the second start goes carefully');
    assert.equal(destination.items.length, 10);
    failing = false;
    await Engine.embedded({ stores })
      .newJob(burst(source, durableSink(destination), sometimes), OPTIONS)
      .join();
    assert.equal(destination.items.length, 50_030);
    assert.equal(new Set(destination.items).size, 50_030);
  });

  it('leads through nested stages, branches and states in the order in which it would without a pause', async () => {
    const source = new ManualSource<number>();
    const destination = new Destination();
    const pipeline = Pipeline.create();
    const outer = pipeline
      .readFrom(source.source)
      .flatMap((count) => Array.from({ length: count }, (_, index) => index));
    const left = outer.flatMap((one) => [`${one}a`, `${one}b`, `${one}c`]);
    const right = outer.map((one) => `${one}d`);
    left
      .merge(right)
      .groupingKey(() => 'all')
      .mapStateful(
        () => ({ count: 0 }),
        (state, _, item) => {
          state.count += 1;
          return `${item}${state.count}`;
        },
      )
      .writeTo(durableSink(destination));
    source.push(3000, 2);
    source.end();
    await Engine.embedded({ stores: new MemoryStores() }).newJob(pipeline, OPTIONS).join();
    const expected: string[] = [];
    for (const count of [3000, 2]) {
      for (let one = 0; one < count; one += 1) {
        for (const branch of ['a', 'b', 'c', 'd']) expected.push(`${one}${branch}${expected.length + 1}`);
      }
    }
    assert.deepEqual(destination.items, expected);
  });

  it('comes to its end though another source fails meanwhile, and is taken once', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<number>();
    const other = new ManualSource<number>();
    const destination = new Destination();
    const pipeline = Pipeline.create();
    const both = pipeline.readFrom(source.source).merge(pipeline.readFrom(other.source).setName('other'));
    both.flatMap(texts).writeTo(durableSink(destination));
    const first = Engine.embedded({ stores }).newJob(pipeline, OPTIONS);
    await first.whenRunning();
    stores.holding = true;
    source.push(60_000);
    // in its middle: rows of it are staged, and no more are made before they are stored
    await until(() => stores.held === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    other.fail(new MillraceError('SUBSCRIPTION_REFUSED', 'no'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    stores.holding = false;
    stores.release();
    await assert.rejects(first.join(), { code: 'SUBSCRIPTION_REFUSED' });
    assert.equal(source.acknowledged, 1);
    const again = new ManualSource<number>();
    const next = Pipeline.create();
    next
      .readFrom(source.source)
      .merge(next.readFrom(again.source).setName('other'))
      .flatMap(texts)
      .writeTo(durableSink(destination));
    const second = Engine.embedded({ stores }).newJob(next, OPTIONS);
    await until(() => destination.items.length >= 60_000);
    source.push(1);
    await until(() => source.acknowledged === 2);
    await second.drain();
    assert.equal(new Set(destination.arrived.map(({ seq }) => seq)).size, 60_001);
  });

  it('waits for a slow sink in a job without a store: its outputs are made as they are taken', async () => {
    let made = 0;
    let taken = 0;
    const sink = defineSink<number>({
      name: 'slow',
      claims: [],
      refuse: () => undefined,
      onError: 'fail',
      createWriter: async () => ({
        write: (items) => {
          const count = Math.min(items.length, taken === 0 ? 10 : 0);
          taken += count;
          return count;
        },
        flush: () => {},
        progress: () => ({ delivered: taken, rejected: [] }),
        ready: () => new Promise(() => {}),
        close: async () => {},
      }),
    });
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items(1))
      .flatMap(function* () {
        for (; made < 1_000_000; made += 1) yield made;
      })
      .writeTo(sink);
    const job = Engine.embedded().newJob(pipeline, { maxItemsInFlight: 5000 });
    await until(() => taken === 10);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(made <= 5000 + 2048, `${made} were made`);
    await job.cancel();
  });

  it('goes through behind a mapAsync stage too', async () => {
    const source = new ManualSource<number>();
    const destination = new Destination();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .mapAsync(async (count) => count)
      .flatMap(texts)
      .writeTo(durableSink(destination));
    source.push(3, 50_000, 4);
    source.end();
    const stores = new HeldStores();
    await Engine.embedded({ stores }).newJob(pipeline, OPTIONS).join();
    assert.deepEqual(destination.items, [...texts(3), ...texts(50_000), ...texts(4)]);
    assert.ok(stores.batches.length > 10);
  });
});
