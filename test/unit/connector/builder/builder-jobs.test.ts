import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DeadLetter,
  Engine,
  type JobOptions,
  PermanentError,
  Pipeline,
  RetryStrategies,
  type Sink,
  SinkBuilder,
  Sinks,
  type Source,
  SourceBuilder,
  TestSources,
} from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

const LATER = RetryStrategies.indefinitely(1_000_000);

const jobOf = <T>(source: Source<T>, sink: Sink<T>, options: JobOptions = {}, engine = Engine.embedded()) => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  return engine.newJob(pipeline, options);
};

/** Counts from 0 for ever, with a state. */
const numbers = () =>
  SourceBuilder.stream('numbers', () => ({ next: 0 }))
    .fillBufferFn<number>((cursor, buffer) => {
      if (cursor.next < 10) buffer.add(cursor.next++);
    })
    .createSnapshotFn(({ next }) => next)
    .restoreSnapshotFn((cursor, next) => {
      cursor.next = next;
    });

/** A sink whose server is away: it is waited with for ever. */
const awaySink = () => {
  const failed = deferred<void>();
  const sink = SinkBuilder.sinkBuilder('away', () => undefined)
    .receiveFn<number>(() => {
      failed.resolve();
      throw new Error('away');
    })
    .retryStrategy(LATER)
    .build();
  return { sink, failed: failed.promise };
};

describe('a job whose sink waits with a failed call', LIMIT, () => {
  it('is cancelled at once, and nothing of it is acknowledged', async () => {
    const { sink, failed } = awaySink();
    const manual = new ManualSource<number>();
    const job = jobOf(manual.source, sink);
    manual.push(1, 2);
    await failed;
    await job.cancel();
    assert.equal(manual.acknowledged, 0);
  });

  it('drains for drainTimeoutMs without a store, and says that not all is delivered', async () => {
    const { sink, failed } = awaySink();
    const manual = new ManualSource<number>();
    const job = jobOf(manual.source, sink, { drainTimeoutMs: 50 });
    manual.push(1, 2);
    await failed;
    assert.equal(await job.drain(), false);
    assert.equal(manual.acknowledged, 0);
  });

  it('drains at once with a store, and what was not delivered comes after the next start, under the same seq', async () => {
    const { sink, failed } = awaySink();
    const stores = new MemoryStores();
    const options = { name: 'j', processingGuarantee: 'exactly-once', drainTimeoutMs: 1_000_000 } as const;
    const first = jobOf(numbers().build(), sink, options, Engine.embedded({ stores }));
    await failed;
    await until(() => first.metrics().itemsAcknowledged === 10);
    assert.equal(await first.drain(), true);
    const got: unknown[] = [];
    const back = SinkBuilder.sinkBuilder('away', () => undefined)
      .receiveFn<number>((_, item, seq) => void got.push([item, seq]))
      .build();
    await using second = jobOf(numbers().build(), back, options, Engine.embedded({ stores: new MemoryStores(stores) }));
    await until(() => got.length === 10);
    assert.deepEqual(
      got,
      Array.from({ length: 10 }, (_, item) => [item, item]),
    );
    await second.drain();
  });

  it('takes no more from its source than the bounds allow', async () => {
    const { sink, failed } = awaySink();
    const manual = new ManualSource<number>();
    await using job = jobOf(manual.source, sink, { maxItemsInFlight: 20 });
    manual.push(...Array.from({ length: 100 }, (_, index) => index));
    await failed;
    await until(() => job.metrics().itemsInFlight === 20);
    assert.equal(manual.mostInFlight, 20);
    await job.cancel();
  });
});

describe('a job that opens while what its parts need is away', LIMIT, () => {
  const refused = (): never => {
    throw new Error('refused');
  };

  it('is drained, cancelled and aborted at once', async () => {
    const sink = SinkBuilder.sinkBuilder('away', refused)
      .receiveFn<number>(() => {})
      .retryStrategy(LATER)
      .build();
    const source = SourceBuilder.stream('away', refused)
      .fillBufferFn<number>(() => {})
      .retryStrategy(LATER)
      .build();
    for (const [from, to] of [
      [TestSources.items(1), sink],
      [source, Sinks.noop()],
    ] as const) {
      for (const end of ['drain', 'cancel'] as const) {
        const job = jobOf<number>(from, to);
        await until(() => job.status === 'STARTING');
        await job[end]();
        await job.cancel();
      }
    }
    const abort = new AbortController();
    const opening = sink.open({ signal: abort.signal });
    abort.abort();
    await assert.rejects(opening, { code: 'ABORTED' });
  });

  it('with a store it runs, once the sink was reached before, and delivers when the sink is there', async () => {
    const stores = new MemoryStores();
    const got: number[] = [];
    let isAway = false;
    const sink = SinkBuilder.sinkBuilder('table', () => {
      if (isAway) throw new Error('refused');
    })
      .receiveFn<number>((_, item) => void got.push(item))
      .retryStrategy(RetryStrategies.indefinitely(1))
      .build();
    const options = { name: 'j', processingGuarantee: 'exactly-once' } as const;
    const none = SourceBuilder.stream('numbers', () => undefined)
      .fillBufferFn<number>(() => {})
      .createSnapshotFn(() => 0)
      .restoreSnapshotFn(() => {})
      .build();
    const first = jobOf(none, sink, options, Engine.embedded({ stores }));
    await first.whenRunning();
    await first.drain();
    isAway = true;
    await using second = jobOf(numbers().build(), sink, options, Engine.embedded({ stores: new MemoryStores(stores) }));
    await second.whenRunning();
    await until(() => second.metrics().itemsAcknowledged === 10);
    assert.deepEqual(got, []);
    isAway = false;
    await until(() => got.length === 10);
    await second.drain();
  });
});

describe('what a sink of functions gives up', LIMIT, () => {
  for (const store of [false, true]) {
    it(`goes to its dead letters, once, and the rest goes on: ${store ? 'with' : 'without'} a store`, async () => {
      const letters: DeadLetter[] = [];
      const deadLetter = SinkBuilder.sinkBuilder('letters', () => undefined)
        .receiveFn<DeadLetter>((_, letter) => void letters.push(letter))
        .build();
      const got: number[] = [];
      const sink = SinkBuilder.sinkBuilder('table', () => undefined)
        .receiveBatchFn<number>((_, items) => {
          if (items.includes(7)) throw new PermanentError('seven');
          got.push(...items);
        })
        .onError({ deadLetter })
        .build();
      const options = { name: 'j', processingGuarantee: store ? 'exactly-once' : 'none' } as const;
      const engine = store ? Engine.embedded({ stores: new MemoryStores() }) : Engine.embedded();
      await using job = jobOf(numbers().build(), sink, options, engine);
      await until(() => got.length === 9 && letters.length === 1);
      assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 8, 9]);
      const [letter] = letters;
      assert.deepEqual(
        [letter?.attributes.item, letter?.origin, letter?.error.code],
        [7, 'table', 'USER_FUNCTION_FAILED'],
      );
      assert.equal(Buffer.from(letter?.payload ?? []).toString(), '7');
      await job.drain();
      assert.equal(job.metrics().itemsDeadLettered, 1);
    });
  }

  it('has in its letter what can be shown of an item that cannot be stored', async () => {
    const letters: DeadLetter[] = [];
    const deadLetter = SinkBuilder.sinkBuilder('letters', () => undefined)
      .receiveFn<DeadLetter>((_, letter) => void letters.push(letter))
      .build();
    const sink = SinkBuilder.sinkBuilder('table', () => undefined)
      .receiveFn<unknown>(() => {})
      .onError({ deadLetter })
      .build();
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(numbers().build())
      .map((number) => (number === 1 ? { number, read: () => number } : number))
      .writeTo(sink);
    await using job = engine.newJob(pipeline, { name: 'j', processingGuarantee: 'exactly-once' });
    await until(() => letters.length === 1);
    assert.equal(letters[0]?.attributes.item, '{ number: 1, read: [Function: read] }');
    assert.equal(letters[0]?.error.code, 'STATE_NOT_STORABLE');
    await job.drain();
  });

  it('is counted with skip, in a job and without one', async () => {
    const sink = SinkBuilder.sinkBuilder('table', () => undefined)
      .receiveFn<number>(() => {
        throw new PermanentError('none');
      })
      .onError('skip')
      .build();
    const job = jobOf(TestSources.items(1, 2, 3), sink);
    await job.join();
    assert.equal(job.metrics().itemsSkipped, 3);
    const writer = (await sink.open()).getWriter();
    await writer.write(1);
    await writer.close();
  });

  it('fails the job by its name with fail, and its input is not acknowledged', async () => {
    const manual = new ManualSource<number>();
    const sink = SinkBuilder.sinkBuilder('table', () => undefined)
      .receiveFn<number>((_, item) => {
        if (item === 2) throw new PermanentError('two');
      })
      .build();
    const job = jobOf(manual.source, sink);
    manual.push(1);
    await until(() => manual.acknowledged === 1);
    manual.push(2, 3);
    await assert.rejects(job.join(), { code: 'USER_FUNCTION_FAILED', message: 'receiveFn of sink "table": two' });
    assert.equal(manual.acknowledged, 1);
  });
});

it('an outage is over when its part is closed: nobody is warned of a job at rest', LIMIT, async () => {
  using told = new Told('retrying', 'retry-over');
  const { sink, failed } = awaySink();
  const job = jobOf(TestSources.items(1), sink);
  await failed;
  await job.cancel();
  const opening = SinkBuilder.sinkBuilder('refused', () => {
    throw new Error('refused');
  })
    .receiveFn<number>(() => {})
    .retryStrategy(LATER)
    .build();
  const second = jobOf(TestSources.items(1), opening);
  await until(() => told.names.length === 3);
  await second.cancel();
  assert.deepEqual(told.names, ['retrying', 'retry-over', 'retrying', 'retry-over']);
  for (const { name, data } of told.events) if (name === 'retry-over') assert.equal(Object(data).outcome, 'closed');
});

it('an outage is over when its part gives up, and is told as that', LIMIT, async () => {
  const once = RetryStrategies.custom().maxAttempts(1).build();
  const refuse = () => {
    throw new Error('refused');
  };
  const opening = SinkBuilder.sinkBuilder('opening', refuse).receiveFn<number>(() => {});
  const receiving = SinkBuilder.sinkBuilder('receiving', () => {}).receiveFn<number>(refuse);
  for (const sink of [opening, receiving]) {
    using told = new Told('retrying', 'retry-over');
    await assert.rejects(jobOf(TestSources.items(1), sink.retryStrategy(once).build()).join());
    assert.deepEqual(told.names, ['retrying', 'retry-over']);
    assert.equal(Object(told.events[1]?.data).outcome, 'given-up');
  }
  using told = new Told('retry-over');
  const filling = SourceBuilder.stream('filling', () => {}).fillBufferFn<number>(refuse);
  await assert.rejects(jobOf(filling.retryStrategy(once).build(), Sinks.noop()).join());
  assert.deepEqual(
    told.events.map(({ data }) => Object(data).outcome),
    ['given-up'],
  );
});
