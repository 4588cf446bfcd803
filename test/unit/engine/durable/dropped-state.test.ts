import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobOptions, Pipeline, type StateCodec, StateCodecs } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'dropping', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };

/** A stage by its name: it counts with this codec, or calls and never has a result, or keeps nothing. */
type Stage = StateCodec<{ count: number }> | 'calls' | 'newer calls' | 'nothing';
type Stages = Readonly<Record<string, Stage>>;

const COUNTS = StateCodecs.structuredClone<{ count: number }>();

const pipelineOf = (source: ManualSource<string>, destination: Destination, stages: Stages): Pipeline => {
  const pipeline = Pipeline.create();
  const items = pipeline.readFrom(source.source);
  for (const [name, stage] of Object.entries(stages)) {
    if (stage === 'calls' || stage === 'newer calls') {
      const codec = StateCodecs.structuredClone<string>({ version: stage === 'calls' ? 0 : 1 });
      const calling = items.mapAsync(() => new Promise<string>(() => {}), { codec }).setName(name);
      calling.writeTo(durableSink(new Destination())).setName(`${name}-out`);
      continue;
    }
    const said = (count: number): string => `${name} ${count}`;
    const counted =
      stage === 'nothing'
        ? items.map(() => said(0))
        : items
            .groupingKey(() => 'all')
            .mapStateful(
              () => ({ count: 0 }),
              (state) => {
                state.count += 1;
                return said(state.count);
              },
              { codec: stage },
            );
    counted.setName(name).writeTo(durableSink(destination)).setName(`${name}-out`);
  }
  return pipeline;
};

class World {
  readonly stores = new HeldStores();
  readonly source = new ManualSource<string>();
  readonly destination = new Destination();

  /** Runs with these stages until one more input is stored and what they count is delivered. Gives that. */
  async run(stages: Stages, options: Partial<JobOptions> = {}): Promise<readonly string[]> {
    const engine = Engine.embedded({ stores: this.stores });
    const before = this.destination.items.length;
    const job = engine.newJob(pipelineOf(this.source, this.destination, stages), { ...OPTIONS, ...options });
    await job.whenRunning();
    this.source.push('item');
    const saying = Object.values(stages).filter((stage) => !String(stage).endsWith('calls')).length;
    await until(() => this.source.acknowledged === this.source.items.length);
    await until(() => this.destination.items.length === before + saying);
    await job.drain();
    return this.destination.items.slice(before).sort();
  }

  async fails(stages: Stages, options: Partial<JobOptions> = {}): Promise<MillraceError> {
    const engine = Engine.embedded({ stores: this.stores });
    const job = engine.newJob(pipelineOf(this.source, this.destination, stages), { ...OPTIONS, ...options });
    try {
      await job.join();
    } catch (error) {
      return MillraceError.from(error);
    }
    return assert.fail('it was to be refused');
  }
}

describe('the state of a stage that has no place in a changed pipeline', SUITE_LIMIT, () => {
  it('that of a stage that is gone is refused with the way out, and goes alone when it is named; a new stage begins empty', async () => {
    const world = new World();
    assert.deepEqual(await world.run({ one: COUNTS, two: COUNTS }), ['one 1', 'two 1']);
    const refused = await world.fails({ two: COUNTS, three: COUNTS });
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(refused.message, /stage "one" \(state\)/);
    assert.match(refused.advice ?? '', /dropState: \['one'\].*--drop-state 'one' of millrace run/);
    using told = new Told('given-up');
    const dropState = ['one'];
    assert.deepEqual(await world.run({ two: COUNTS, three: COUNTS }, { dropState }), ['three 1', 'two 2']);
    assert.deepEqual(told.events, [
      { name: 'given-up', data: { job: 'dropping', part: 'stage one', stored: 'state' } },
    ]);
    // the option may stay, and drops no more: what comes back begins empty and is kept
    assert.deepEqual(await world.run({ two: COUNTS, three: COUNTS }, { dropState }), ['three 2', 'two 3']);
    assert.deepEqual(await world.run({ one: COUNTS, two: COUNTS, three: COUNTS }, { dropState }), [
      'one 1',
      'three 3',
      'two 4',
    ]);
    assert.deepEqual(await world.run({ one: COUNTS, two: COUNTS, three: COUNTS }, { dropState }), [
      'one 2',
      'three 4',
      'two 5',
    ]);
    assert.equal(told.events.length, 1);
  });

  it('that which its codec cannot read is refused with the way out, and goes alone when the stage is named', async () => {
    const world = new World();
    await world.run({ one: COUNTS, two: COUNTS });
    const later = StateCodecs.structuredClone<{ count: number }>({ version: 1 });
    const refused = await world.fails({ one: later, two: COUNTS });
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(refused.advice ?? '', /upgrade function.*dropState.*--drop-state/);
    assert.equal((await world.fails({ one: later, two: COUNTS }, { dropState: ['two'] })).code, 'JOB_CHANGED');
    assert.deepEqual(await world.run({ one: later, two: COUNTS }, { dropState: ['one'] }), ['one 1', 'two 2']);
    assert.deepEqual(await world.run({ one: later, two: COUNTS }, { dropState: ['one'] }), ['one 2', 'two 3']);
  });

  it('a codec that is older than what is stored refuses it, also one that has an upgrade', async () => {
    const world = new World();
    await world.run({ one: StateCodecs.structuredClone({ version: 2 }) });
    const upgrade = (): { count: number } => assert.fail('it was never written for what is newer');
    const refused = await world.fails({ one: StateCodecs.structuredClone({ version: 1, upgrade }) });
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(refused.message, /stored by version 2 of its codec, which is now at 1/);
  });

  it('calls whose items the codec cannot read are refused before anything is opened, and go when the stage is named', async () => {
    const world = new World();
    await world.run({ one: 'calls', two: COUNTS });
    const refused = await world.fails({ one: 'newer calls', two: COUNTS });
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(refused.message, /an item of stage "one" was stored by version 0/);
    assert.equal(world.source.opened, 1);
    assert.deepEqual(await world.run({ one: 'newer calls', two: COUNTS }, { dropState: ['one'] }), ['two 2']);
  });

  it('that of a stage which keeps another kind of thing now is refused, and goes when it is named', async () => {
    const world = new World();
    await world.run({ one: COUNTS, two: 'calls' });
    const changed: Stages = { one: 'calls', two: COUNTS };
    const refused = await world.fails(changed);
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(refused.message, /stage "two" \(calls that are pending, of which .*stage "one" \(state, of which/);
    assert.equal((await world.fails(changed, { dropState: ['one'] })).code, 'JOB_CHANGED');
    assert.deepEqual(await world.run(changed, { dropState: ['one', 'two'] }), ['two 1']);
    const store = await world.stores.open('dropping', 0);
    assert.deepEqual([...store.range('state/one', 'state/one0')], []);
    await store.close();
    assert.match(
      (await world.fails({ one: 'nothing', two: COUNTS })).message,
      /stage "one" \(calls that are pending\)/,
    );
  });

  it('a name that no stage ever had is refused with the nearest one, and nothing is dropped', async () => {
    const world = new World();
    // on a first start nothing can be dropped
    await world.run({ counts: COUNTS }, { dropState: ['counted'] });
    const refused = await world.fails({ counts: COUNTS }, { dropState: ['conuts'] });
    assert.equal(refused.code, 'INVALID_OPTIONS');
    assert.match(refused.message, /dropState names "conuts", which is no stage of it: did you mean "counts"\?/);
    assert.deepEqual(await world.run({ counts: COUNTS }), ['counts 2']);
    assert.throws(
      () =>
        Engine.embedded({ stores: world.stores }).newJob(
          pipelineOf(world.source, world.destination, { counts: COUNTS }),
          {
            ...OPTIONS,
            dropState: [''],
          },
        ),
      { code: 'INVALID_OPTIONS' },
    );
  });

  it('a crash at any commit of dropping it leaves all of it or nothing, and what was begun goes on without being asked again', async () => {
    const later = StateCodecs.structuredClone<{ count: number }>({ version: 1 });
    for (let at = 1; at <= 3; at += 1) {
      const world = new World();
      await world.run({ one: COUNTS, two: COUNTS });
      let commits = 0;
      world.stores.onCommit = () => {
        commits += 1;
        if (commits === at) world.stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
      };
      const failed = await world.fails({ one: later, two: COUNTS }, { dropState: ['one'] });
      assert.equal(failed.code, 'STORAGE_FAILED');
      assert.equal(commits, at);
      world.stores.failing = undefined;
      world.stores.onCommit = () => {};
      if (at === 1) assert.equal((await world.fails({ one: later, two: COUNTS })).code, 'JOB_CHANGED');
      else assert.deepEqual(await world.run({ one: later, two: COUNTS }), ['one 1', 'two 2']);
    }
  });
});
