import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type Job, type JobOptions, Pipeline } from '../../../../src/index.js';
import { MemoryStores, type Store, type StoreProvider } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

const LIMITS = { ttlMs: 1e9, maxEntries: 100 };
const DURABLE: JobOptions = { processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };

/** What a pipeline is made of, and what outlives its job. */
class Ends {
  readonly source: ManualSource<string>;
  readonly destination = new Destination();
  /** Items that calls were made for; none has a result unless `settles`. */
  readonly called: string[] = [];
  settles = false;

  constructor(keyOf?: (item: string) => string) {
    this.source = new ManualSource(keyOf === undefined ? {} : { deduplication: LIMITS });
    this.source.keyOf = keyOf;
  }

  /** Counts with each of the stages, all of them each item. */
  pipelineOf(stages: readonly string[], calls = false): Pipeline {
    const pipeline = Pipeline.create();
    const items = pipeline.readFrom(this.source.source);
    for (const name of stages) {
      items
        .groupingKey(() => 'all')
        .mapStateful(
          () => ({ count: 0 }),
          (state) => {
            state.count += 1;
            return `${name} ${state.count}`;
          },
        )
        .setName(name)
        .writeTo(durableSink(this.destination))
        .setName(`${name}-out`);
    }
    if (!calls) return pipeline;
    const call = async (item: string): Promise<string> => {
      this.called.push(item);
      return this.settles ? `called ${item}` : new Promise(() => {});
    };
    items.mapAsync(call).setName('calls').writeTo(durableSink(this.destination)).setName('calls-out');
    return pipeline;
  }

  /** Pushes items, and resolves when all of them are stored. */
  async take(...items: string[]): Promise<void> {
    this.source.push(...items);
    await until(() => this.source.acknowledged === this.source.items.length);
  }
}

const failing = async (job: Job): Promise<MillraceError> => {
  try {
    await job.join();
  } catch (error) {
    return MillraceError.from(error);
  }
  return assert.fail('it was to be refused');
};

/** Memory whose commits fail from one on. */
class FailingStores implements StoreProvider {
  readonly location = 'memory';
  readonly memory = new MemoryStores();
  readonly snapshots = this.memory.snapshots;
  left = Number.POSITIVE_INFINITY;

  async open(job: string, partition: number): Promise<Store> {
    const store = await this.memory.open(job, partition);
    return {
      maxCommitBytes: 1_000_000,
      maxKeyBytes: store.maxKeyBytes,
      get: (key) => store.get(key),
      range: (from, to) => store.range(from, to),
      commit: async (batch) => {
        this.left -= 1;
        if (this.left < 0) throw new MillraceError('STORAGE_FAILED', 'EIO');
        await store.commit(batch);
      },
      close: () => store.close(),
    };
  }

  lookAt: MemoryStores['lookAt'] = (job, partition, use) => this.memory.lookAt(job, partition, use);

  async close(): Promise<void> {}
}

describe('snapshots of a job', SUITE_LIMIT, () => {
  it('a snapshot has the state of all stages as of one commit, and the job goes on meanwhile', async () => {
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const ends = new Ends();
    const job = engine.newJob(ends.pipelineOf(['one', 'two']), { ...DURABLE, name: 'first' });
    await job.whenRunning();
    const states: string[][] = [];
    for (let round = 0; round < 20; round += 1) {
      const exporting = job.exportSnapshot(`round ${round}`);
      ends.source.push(`item ${round}`);
      const { stages, job: of, name, takenAtMs } = await exporting;
      assert.deepEqual([stages, of, name], [['one', 'two'], 'first', `round ${round}`]);
      assert.ok(Math.abs(takenAtMs - Date.now()) < 60_000);
      await until(() => ends.source.acknowledged === ends.source.items.length);
      await until(() => ends.destination.items.length === 2 * (round + 1));
    }
    await job.drain();
    for (let round = 1; round < 20; round += 1) {
      const later = new Ends();
      const options = { ...DURABLE, name: `from ${round}`, initialSnapshot: `round ${round}` };
      const next = engine.newJob(later.pipelineOf(['one', 'two']), options);
      await next.whenRunning();
      await later.take('one more');
      await until(() => later.destination.items.length === 2);
      states.push(later.destination.items.map((item) => item.split(' ')[1] ?? ''));
      await next.drain();
    }
    for (const [index, [one, two]] of states.entries()) {
      assert.equal(one, two);
      // all that was acknowledged before, and what came with it or not
      assert.ok(Number(one) === index + 2 || Number(one) === index + 3, `${one} after ${index + 1}`);
    }
    assert.equal((await engine.snapshots()).length, 20);
    await engine.shutdown();
  });

  it('a job that begins with one has its state alone; positions and outboxes begin anew; it is told, and the option may stay', async () => {
    const stores = new MemoryStores();
    const engine = Engine.embedded({ stores });
    const ends = new Ends();
    ends.destination.window = 0;
    const job = engine.newJob(ends.pipelineOf(['counts']), { ...DURABLE, name: 'first' });
    await job.whenRunning();
    await ends.take('a', 'b');
    const snapshot = await job.exportSnapshot('two');
    assert.equal(snapshot.undelivered, 2);
    await job.drain();

    using told = new Told('begun-from-snapshot');
    const later = new Ends();
    const options = { ...DURABLE, name: 'second', initialSnapshot: 'two' };
    const second = engine.newJob(later.pipelineOf(['counts']), options);
    await second.whenRunning();
    const { takenAtMs } = snapshot;
    assert.deepEqual(told.events, [
      {
        name: 'begun-from-snapshot',
        data: { job: 'second', snapshot: 'two', of: 'first', takenAtMs, undelivered: 2 },
      },
    ]);
    await later.take('c');
    await until(() => later.destination.items.length === 1);
    await second.restart();
    await later.take('d');
    await until(() => later.destination.items.length === 2);
    await second.drain();
    const again = engine.newJob(later.pipelineOf(['counts']), options);
    await again.whenRunning();
    await later.take('e');
    await until(() => later.destination.items.length === 3);
    assert.deepEqual(later.destination.items, ['counts 3', 'counts 4', 'counts 5']);
    assert.deepEqual(
      later.destination.arrived.map(({ seq }) => seq),
      [0, 1, 2],
    );
    assert.equal(told.events.length, 1);
    await engine.shutdown();
  });

  it('pending calls are made by the job that begins with it, and keys that were known are known to it', async () => {
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const ends = new Ends((item) => item);
    const job = engine.newJob(ends.pipelineOf(['counts'], true), { ...DURABLE, name: 'first' });
    await job.whenRunning();
    await ends.take('a', 'b', 'a');
    const { sources, stages } = await job.exportSnapshot('calling');
    assert.deepEqual([sources, stages], [['manual'], ['calls', 'counts']]);
    await job.cancel();

    const later = new Ends((item) => item);
    later.settles = true;
    const options = { ...DURABLE, name: 'second', initialSnapshot: 'calling' };
    const second = engine.newJob(later.pipelineOf(['counts'], true), options);
    await second.whenRunning();
    await later.take('b', 'c');
    await until(() => later.destination.items.length === 4);
    assert.deepEqual(later.called, ['a', 'b', 'c']);
    assert.ok(later.destination.items.includes('counts 3'));
    await engine.shutdown();
  });

  it('a changed pipeline is matched by the names of its stages: new ones begin empty, what has no place is refused, or dropped', async () => {
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const ends = new Ends();
    const job = engine.newJob(ends.pipelineOf(['kept', 'gone']), { ...DURABLE, name: 'first' });
    await job.whenRunning();
    await ends.take('a', 'b');
    await job.exportSnapshot('s');
    await job.drain();
    const later = new Ends();
    const options = { ...DURABLE, name: 'second', initialSnapshot: 's' };
    const refused = await failing(engine.newJob(later.pipelineOf(['kept', 'new']), options));
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(refused.message, /stage "gone" \(state\)/);
    const second = engine.newJob(later.pipelineOf(['kept', 'new']), { ...options, dropState: ['gone'] });
    await second.whenRunning();
    await later.take('c');
    await until(() => later.destination.items.length === 2);
    assert.deepEqual([...later.destination.items].sort(), ['kept 3', 'new 1']);
    await engine.shutdown();
  });

  it('timers that are set are in it: one that is due fires in the job that begins with it, and a stage without timers is refused', async () => {
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const ends = new Ends();
    const job = engine.newJob(timed(ends, 1e12), { ...DURABLE, name: 'first' });
    await job.whenRunning();
    await ends.take('a');
    assert.deepEqual((await job.exportSnapshot('far')).timers, ['counts']);
    const begun = { ...DURABLE, name: 'second', initialSnapshot: 'far' };
    const refused = await failing(engine.newJob(new Ends().pipelineOf(['counts']), begun));
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(refused.message, /timers "counts" \(timers that are set\)/);

    // exported before it fires, however slow the machine is
    let snapshot: string | undefined;
    for (let afterMs = 500; snapshot === undefined; afterMs *= 4) {
      const near = new Ends();
      const nearJob = engine.newJob(timed(near, afterMs), { ...DURABLE, name: `near ${afterMs}` });
      await nearJob.whenRunning();
      await near.take('b');
      const { name } = await nearJob.exportSnapshot(`near ${afterMs}`);
      if (near.destination.items.length === 0) snapshot = name;
      await nearJob.cancel();
    }
    const later = new Ends();
    const again = engine.newJob(timed(later, 1e12), { ...DURABLE, name: 'third', initialSnapshot: snapshot });
    await again.whenRunning();
    await until(() => later.destination.items.length === 1);
    assert.deepEqual(later.destination.items, ['fired b 1']);
    await engine.shutdown();
  });

  it('what cannot be is refused by name: a name that is taken, none, or unknown; a job that has state; one that keeps none', async () => {
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const ends = new Ends();
    const job = engine.newJob(ends.pipelineOf(['counts']), { ...DURABLE, name: 'first' });
    await job.whenRunning();
    await ends.take('a');
    await job.exportSnapshot('nightly');
    await assert.rejects(job.exportSnapshot('nightly'), {
      code: 'INVALID_STATE',
      message: /"nightly" is there already/,
    });
    const twice = await Promise.allSettled([job.exportSnapshot('twice'), job.exportSnapshot('twice')]);
    const refusals = twice.flatMap((one) => (one.status === 'rejected' ? [MillraceError.from(one.reason)] : []));
    assert.deepEqual(
      refusals.map(({ code, message }) => [code, /"twice" is being exported/.test(message)]),
      [['INVALID_STATE', true]],
    );
    await engine.deleteSnapshot('twice');
    for (const name of ['', '\ud800', 'x'.repeat(201), 7 as never]) {
      await assert.rejects(job.exportSnapshot(name), { code: 'INVALID_OPTIONS' });
    }
    const unknown = engine.newJob(new Ends().pipelineOf(['counts']), {
      ...DURABLE,
      name: 'second',
      initialSnapshot: 'nihgtly',
    });
    const refused = await failing(unknown);
    assert.equal(refused.code, 'INVALID_OPTIONS');
    assert.match(refused.message, /there is no snapshot "nihgtly".*did you mean "nightly"\?/);
    await assert.rejects(engine.deleteSnapshot('night'), { code: 'INVALID_OPTIONS' });
    await job.drain();

    const own = engine.newJob(ends.pipelineOf(['counts']), { ...DURABLE, name: 'first', initialSnapshot: 'nightly' });
    assert.equal((await failing(own)).code, 'INVALID_STATE');
    assert.throws(
      () =>
        engine.newJob(ends.pipelineOf([], true), {
          name: 'third',
          initialSnapshot: 'nightly',
          processingGuarantee: 'none',
        }),
      { code: 'INVALID_OPTIONS', message: /keeps no state in a store/ },
    );
    await engine.deleteSnapshot('nightly');
    assert.deepEqual(await engine.snapshots(), []);
    await engine.shutdown();
    const without = Engine.embedded();
    await assert.rejects(without.snapshots(), { code: 'UNSUPPORTED' });
    await without.shutdown();
  });

  it('a crash at any commit of beginning with one leaves all of it or nothing, whether the next start asks for it or not', async () => {
    const source = new MemoryStores();
    const engine = Engine.embedded({ stores: source });
    const ends = new Ends();
    const job = engine.newJob(keyed(ends), { ...DURABLE, name: 'first' });
    await job.whenRunning();
    await ends.take(...Array.from({ length: 60 }, (_, index) => `key ${index}`));
    await job.exportSnapshot('s');
    await job.drain();
    const reached = new Set<string>();
    for (let at = 0; at <= 8; at += 1) {
      for (const initialSnapshot of ['s', undefined]) {
        const stores = new FailingStores();
        const blobs = await source.snapshots.list();
        for (const blob of blobs) await stores.snapshots.put(blob, source.snapshots.get(blob));
        stores.left = at;
        const later = new Ends();
        const begun = Engine.embedded({ stores });
        const first = begun.newJob(keyed(later), { ...DURABLE, name: 'second', initialSnapshot: 's' });
        const failed = await Promise.race([failing(first), first.whenRunning()]).catch((error: unknown) => error);
        stores.left = Number.POSITIVE_INFINITY;
        await first.cancel().catch(() => {});
        const second = begun.newJob(keyed(later), { ...DURABLE, name: 'second', initialSnapshot });
        await second.whenRunning();
        await later.take('key 0', 'key 59');
        await until(() => later.destination.items.length === 2);
        const counts = later.destination.items.map((item) => item.split(': ')[1]);
        assert.equal(counts[0], counts[1], `commit ${at}`);
        if (initialSnapshot !== undefined) assert.equal(counts[0], '2');
        reached.add(`${failed instanceof Error} ${counts[0]}`);
        await begun.shutdown();
      }
    }
    // each end was seen: stopped before it counted, and behind that
    assert.ok(reached.has('true 1') && reached.has('true 2'), [...reached].join());
    await engine.shutdown();
  });
});

/** Counts by item, and says so when the time since its last one is over. */
const timed = (ends: Ends, afterMs: number): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(ends.source.source)
    .groupingKey((item) => item)
    .mapStateful(
      () => ({ count: 0 }),
      (state, _key, _item, timers) => {
        state.count += 1;
        timers.set('late', timers.now + afterMs);
        return undefined;
      },
      { onTimer: (state, key) => `fired ${key} ${state.count}` },
    )
    .setName('counts')
    .writeTo(durableSink(ends.destination))
    .setName('out');
  return pipeline;
};

/** Counts by item, with states that fill several commits. */
const keyed = (ends: Ends): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(ends.source.source)
    .groupingKey((item) => item)
    .mapStateful(
      () => ({ count: 0, filler: 'x'.repeat(40_000) }),
      (state, key) => {
        state.count += 1;
        return `${key}: ${state.count}`;
      },
    )
    .setName('counts')
    .writeTo(durableSink(ends.destination))
    .setName('out');
  return pipeline;
};
