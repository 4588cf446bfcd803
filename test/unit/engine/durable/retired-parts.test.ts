import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeadLetter, Sink } from '../../../../src/connector/index.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobOptions, Pipeline, SinkBuilder } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'retired', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };

interface Parts {
  readonly second?: Sink<string> | undefined;
  readonly counts?: boolean;
  /** Each count sets a timer that is not due in a lifetime. */
  readonly timed?: boolean;
  readonly asks?: (item: string) => Promise<string>;
  readonly letters?: Sink<DeadLetter>;
}

/** Two sinks, counts and calls, as there are. */
const pipelineOf = (source: ManualSource<string>, first: Destination, parts: Parts = {}): Pipeline => {
  const pipeline = Pipeline.create();
  const items = pipeline.readFrom(source.source);
  const { letters, second, counts, timed, asks } = parts;
  items.writeTo(durableSink(first, letters === undefined ? 'fail' : { deadLetter: letters })).setName('first');
  if (second !== undefined) items.writeTo(second).setName('second');
  if (counts === true) {
    items
      .groupingKey((item) => item)
      .mapStateful(
        () => ({ count: 0 }),
        (state, _, item, timers) => {
          state.count += 1;
          if (timed === true) timers.set('late', timers.now + 1e12);
          return item;
        },
        timed === true ? { onTimer: () => 'late' } : {},
      )
      .setName('counts')
      .writeTo(durableSink(new Destination()))
      .setName('counted');
  }
  if (asks !== undefined) {
    items.mapAsync(asks).setName('asks').writeTo(durableSink(new Destination())).setName('asked');
  }
  return pipeline;
};

class World {
  readonly stores = new HeldStores();
  readonly source = new ManualSource<string>();
  readonly first = new Destination();

  /** Runs with these parts until one more input is stored, and stops. */
  async run(parts: Parts, options: Partial<JobOptions> = {}): Promise<void> {
    const engine = Engine.embedded({ stores: this.stores });
    const job = engine.newJob(pipelineOf(this.source, this.first, parts), { ...OPTIONS, ...options });
    await job.whenRunning();
    this.source.push(`item ${this.source.items.length}`);
    await until(() => this.source.acknowledged === this.source.items.length);
    await until(() => job.metrics().outboxMessages <= (parts.second === undefined ? 0 : 1000));
    await job.drain();
  }

  refused(parts: Parts, message: RegExp, options: Partial<JobOptions> = {}): Promise<void> {
    const engine = Engine.embedded({ stores: this.stores });
    return assert.rejects(
      engine.newJob(pipelineOf(this.source, this.first, parts), { ...OPTIONS, ...options }).join(),
      (error) =>
        error instanceof MillraceError &&
        error.code === 'JOB_CHANGED' &&
        message.test(`${error.message} ${error.advice}`),
    );
  }
}

const lettersSink = (): Sink<DeadLetter> =>
  SinkBuilder.sinkBuilder('letters', () => undefined)
    .receiveFn<DeadLetter>(() => {})
    .build();

describe('parts of a durable job that are taken away', SUITE_LIMIT, () => {
  it('a sink, a dead letter, a mapAsync stage and a stage with state of which nothing is stored are retired silently, and may come back', async () => {
    const world = new World();
    const all: Parts = { second: durableSink(new Destination()), asks: async (item) => item, letters: lettersSink() };
    using told = new Told('given-up');
    for (const parts of [all, {}, all, {}]) await world.run(parts);
    assert.deepEqual(told.names, []);
    assert.deepEqual(world.first.items, ['item 0', 'item 1', 'item 2', 'item 3']);
  });

  it('undelivered messages are named with their number, and go out when the sink is back', async () => {
    const world = new World();
    const destination = new Destination();
    destination.window = 0;
    await world.run({ second: durableSink(destination) });
    await world.refused({}, /sink "second" \(1 message\).*giveUp: \['sink second'\].*--give-up 'sink second'/);
    destination.window = 10;
    await world.run({ second: durableSink(destination) });
    await until(() => destination.items.length === 2);
  });

  it('they are given up by name, told, and gone for good', async () => {
    const world = new World();
    const destination = new Destination();
    destination.window = 0;
    await world.run({ second: durableSink(destination) });
    using told = new Told('given-up');
    await world.run({}, { giveUp: ['sink second'] });
    assert.deepEqual(told.events, [
      { name: 'given-up', data: { job: 'retired', part: 'sink second', stored: '1 message' } },
    ]);
    // what is not there any more is not looked for
    await world.run({}, { giveUp: ['sink second'] });
    destination.window = 10;
    await world.run({ second: durableSink(destination) });
    await until(() => destination.items.length === 1);
    assert.deepEqual(destination.items, ['item 3']);
    assert.deepEqual(
      destination.arrived.map(({ seq }) => seq),
      [0],
    );
  });

  it('state and pending calls are refused, and given up', async () => {
    const world = new World();
    await world.run({ counts: true, asks: () => new Promise<string>(() => {}) });
    await world.refused({}, /stage "counts" \(state\), stage "asks" \(calls that are pending\)/);
    await world.refused({}, /stage "asks" \(calls/, { giveUp: ['stage counts'] });
    await world.run({}, { giveUp: ['stage counts', 'stage asks'] });
    await world.run({ counts: true });
  });

  it('timers of a stage that keeps none any more are refused, and given up; those of a stage that is gone go with it', async () => {
    const world = new World();
    await world.run({ counts: true, timed: true });
    await world.refused({ counts: true }, /timers "counts" \(timers that are set\).*giveUp: \['timers counts'\]/);
    await world.refused({}, /stage "counts" \(state\), which/);
    await world.run({ counts: true, timed: true });
    await world.run({ counts: true }, { giveUp: ['timers counts'] });
    await world.run({ counts: true, timed: true });
    await world.run({}, { giveUp: ['stage counts'] });
    const store = await world.stores.open('retired', 0);
    assert.deepEqual([...store.range('due', 'duf'), ...store.range('timer', 'times')], []);
    await store.close();
  });

  it('a crash at any commit of giving up leaves nothing in half: the next start goes on with it', async () => {
    for (let at = 1; at <= 3; at += 1) {
      const world = new World();
      const destination = new Destination();
      destination.window = 0;
      await world.run({ second: durableSink(destination) });
      let commits = 0;
      world.stores.onCommit = () => {
        commits += 1;
        if (commits === at) world.stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
      };
      const engine = Engine.embedded({ stores: world.stores });
      const giving = { ...OPTIONS, giveUp: ['sink second'] };
      await assert.rejects(engine.newJob(pipelineOf(world.source, world.first), giving).join(), {
        code: 'STORAGE_FAILED',
      });
      world.stores.failing = undefined;
      world.stores.onCommit = () => {};
      destination.window = 10;
      const before = destination.items.length;
      await world.run({ second: durableSink(destination) });
      // all of what was stored, or nothing of it
      await until(() => destination.items.length === before + (at === 1 ? 2 : 1));
    }
  });

  it('a source is given up with its pages', async () => {
    const world = new World();
    world.source.pages = new Map([['1', Uint8Array.of(1)]]);
    await world.run({});
    const other = new ManualSource<string>({ name: 'other' });
    const engine = Engine.embedded({ stores: world.stores });
    await engine.newJob(pipelineOf(other, world.first), { ...OPTIONS, giveUp: ['source manual'] }).whenRunning();
    await engine.shutdown();
    const store = await world.stores.open('retired', 0);
    assert.deepEqual([...store.range('page/', 'page0')], []);
    await store.close();
  });

  it('a part that the pipeline has cannot be given up, and a name that is none is refused', async () => {
    const world = new World();
    const engine = Engine.embedded({ stores: world.stores });
    const pipeline = pipelineOf(world.source, world.first);
    await assert.rejects(engine.newJob(pipeline, { ...OPTIONS, giveUp: ['sink first'] }).join(), {
      code: 'INVALID_OPTIONS',
      message: /giveUp names sink first, which its pipeline still has/,
    });
    assert.throws(() => engine.newJob(pipeline, { ...OPTIONS, giveUp: ['first'] }), { code: 'INVALID_OPTIONS' });
  });
});
