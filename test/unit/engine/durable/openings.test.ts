import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sink, Source } from '../../../../src/connector/index.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobEvent, type JobOptions, Pipeline, SinkBuilder } from '../../../../src/index.js';
import { type Deferred, deferred } from '../../../../src/internal/deferred.js';
import { MemoryStores, type StoreProvider } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const copy = (source: Source<string>, sink: Sink<string>): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  return pipeline;
};

const failsWith = (code: string) => (error: unknown) => error instanceof MillraceError && error.code === code;

/** A durable sink that opens when the test says so. */
const lateSink = (destination: Destination, opening: Deferred<void>, claims: readonly string[] = []): Sink<string> => {
  const rows = durableSink(destination);
  return {
    ...rows,
    claims,
    createDurableWriter: async (context, restore) => {
      const writer = await rows.createDurableWriter?.(context, restore);
      if (writer === undefined) throw new Error('it is a durable sink');
      let open = false;
      const closed = deferred<never>();
      const opened = Promise.race([opening.promise, closed.promise]).then(() => {
        open = true;
      });
      const outboxes = writer.outboxes.map((sender) => ({
        name: sender.name,
        get next() {
          return sender.next;
        },
        get urgency() {
          return sender.urgency;
        },
        offer: (offered: Parameters<typeof sender.offer>[0]) => (open ? sender.offer(offered) : 0),
        snapshot: (end: number) => sender.snapshot(end),
        committed: (mark: number) => sender.committed(mark),
      }));
      return {
        opened,
        outboxes,
        prepare: (items) => writer.prepare(items),
        flush: () => writer.flush(),
        // that it is open is news: there is room
        ready: () => (open ? writer.ready() : opened),
        close: () => {
          closed.reject(new MillraceError('ABORTED', 'closed while it was opened'));
          return writer.close();
        },
      };
    },
  };
};

const now = (): Deferred<void> => {
  const opening = deferred<void>();
  opening.resolve();
  return opening;
};

interface World {
  readonly stores: StoreProvider;
  readonly source: ManualSource<string>;
  readonly destination: Destination;
  readonly events: JobEvent[];
  readonly options: JobOptions;
}

const world = (): World => {
  const events: JobEvent[] = [];
  const options: JobOptions = {
    name: 'openings',
    processingGuarantee: 'exactly-once',
    restart: { maxAttempts: 0 },
    onEvent: (event) => events.push(event),
  };
  // in the pipeline the sink is `rows-2`, then
  const source = new ManualSource<string>({ name: 'rows' });
  return { stores: new MemoryStores(), source, destination: new Destination(), events, options };
};

/** A first start, with all there, to its end. */
const startOnce = async (
  { stores, source, destination, options }: World,
  claims: readonly string[] = [],
): Promise<void> => {
  const job = Engine.embedded({ stores }).newJob(copy(source.source, lateSink(destination, now(), claims)), options);
  await job.whenRunning();
  await job.drain();
};

describe('the start of a job with a store', SUITE_LIMIT, () => {
  it('takes inputs while a sink that it has reached before is away, says so, and delivers when the sink is there', async () => {
    const { stores, source, destination, events, options } = await reached();
    const opening = deferred<void>();
    const job = Engine.embedded({ stores }).newJob(copy(source.source, lateSink(destination, opening)), options);
    await job.whenRunning();
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'sinks-away' ? event.sinks : [])),
      ['rows'],
    );
    source.push('a', 'b', 'c');
    await until(() => source.acknowledged === 3, { what: 'inputs acknowledged because they are stored' });
    assert.deepEqual(destination.items, []);
    assert.equal(job.metrics().outboxMessages, 3);
    opening.resolve();
    await until(() => destination.items.length === 3);
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'sink-open' ? [event.sink] : [])),
      ['rows'],
    );
    assert.equal(await job.drain(), true);
  });

  const reached = async (claims: readonly string[] = []): Promise<World> => {
    const one = world();
    await startOnce(one, claims);
    return one;
  };

  it('goes on with what an outbox has and more, over starts at which the sink never comes', async () => {
    const { stores, source, destination, options } = await reached();
    for (const item of ['a', 'b']) {
      const sink = lateSink(destination, deferred<void>());
      const job = Engine.embedded({ stores }).newJob(copy(source.source, sink), options);
      await job.whenRunning();
      source.push(item);
      await until(() => source.acknowledged === source.items.length);
      await job.drain();
    }
    const job = Engine.embedded({ stores }).newJob(copy(source.source, lateSink(destination, now())), options);
    await until(() => destination.items.length === 2);
    assert.deepEqual(destination.items, ['a', 'b']);
    await job.drain();
  });

  it('waits at the very first start: a wrong URL drains no source into an outbox', async () => {
    const { stores, source, destination, options } = world();
    source.push('a');
    const first = Engine.embedded({ stores }).newJob(copy(source.source, lateSink(destination, deferred())), options);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(first.status, 'STARTING');
    assert.equal(source.opened, 0);
    await first.cancel();
    // nor at a second one, after a first that never came to run
    const opening = deferred<void>();
    const second = Engine.embedded({ stores }).newJob(copy(source.source, lateSink(destination, opening)), options);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(source.opened, 0);
    opening.resolve();
    await second.whenRunning();
    await until(() => destination.items.length === 1);
    await second.drain();
  });

  it('waits for a sink that is now at another broker: its URL may be wrong', async () => {
    const one = await reached(['client "a" at here:1883']);
    const { stores, source, destination, options } = one;
    const sink = lateSink(destination, deferred<void>(), ['client "a" at there:1883']);
    const job = Engine.embedded({ stores }).newJob(copy(source.source, sink), options);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(job.status, 'STARTING');
    assert.equal(source.opened, 1, 'at the first start alone');
    await job.cancel();
    await startOnce(one, ['client "a" at there:1883']);
    const again = Engine.embedded({ stores }).newJob(copy(source.source, sink), options);
    await again.whenRunning();
    await again.cancel();
  });

  it('fails by the error of a sink that turns out to be unable, and keeps its rows', async () => {
    const { stores, source, destination, options } = await reached();
    const opening = deferred<void>();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, lateSink(destination, opening)), options);
    await job.whenRunning();
    source.push('a', 'b');
    await until(() => source.acknowledged === 2);
    opening.reject(new MillraceError('GUARANTEE_UNSUPPORTED', 'the broker has no QoS 2'));
    await assert.rejects(job.join(), failsWith('GUARANTEE_UNSUPPORTED'));
    assert.equal(job.metrics().outboxMessages, 2);
    const again = engine.newJob(copy(source.source, lateSink(destination, now())), options);
    await until(() => destination.items.length === 2);
    await again.drain();
  });

  it('fails by what went wrong, not by the sink that was still opening and is closed for it', async () => {
    const stores = new HeldStores();
    const one = { ...world(), stores };
    await startOnce(one);
    const { source, destination, options } = one;
    const away = lateSink(destination, deferred());
    const added: Sink<string> = { ...lateSink(new Destination(), now()), name: 'added' };
    const pipeline = Pipeline.create();
    const stage = pipeline.readFrom(source.source);
    stage.writeTo(away);
    stage.writeTo(added);
    // that the new one was reached cannot be stored
    const failure = new MillraceError('STORAGE_FAILED', 'the disk is gone');
    stores.onCommit = () => {
      if (stores.batches.at(-1)?.has('reached') === true) stores.failing = failure;
    };
    const job = Engine.embedded({ stores }).newJob(pipeline, options);
    await assert.rejects(job.join(), failsWith('STORAGE_FAILED'));
    assert.ok(stores.failing !== undefined, 'the fault has fired');
  });

  it('holds for a sink without rows of its own: a createFn that hangs at a later start', async () => {
    const { stores, source, options } = world();
    const written: string[] = [];
    const sinkOf = (create: () => Promise<void>): Sink<string> =>
      SinkBuilder.sinkBuilder('lines', create)
        .receiveFn<string>((_, item) => void written.push(item))
        .build();
    const first = Engine.embedded({ stores }).newJob(
      copy(
        source.source,
        sinkOf(async () => {}),
      ),
      options,
    );
    await first.whenRunning();
    await first.drain();
    const opening = deferred<void>();
    const job = Engine.embedded({ stores }).newJob(
      copy(
        source.source,
        sinkOf(() => opening.promise),
      ),
      options,
    );
    await job.whenRunning();
    source.push('a');
    await until(() => source.acknowledged === 1);
    opening.resolve();
    await until(() => written.length === 1);
    await job.drain();
  });
});
