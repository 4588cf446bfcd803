import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeOfKey } from '../../../../src/engine/inspection/key-place.js';
import { type NamedKind, nameKey } from '../../../../src/engine/layout/keys/named-keys.js';
import { decodeStage, encodeStage } from '../../../../src/engine/layout/values/stage-record.js';
import { MillraceError } from '../../../../src/errors/index.js';
import {
  type AggregateOperation,
  AggregateOperations,
  Engine,
  type JobOptions,
  Pipeline,
  type StateCodec,
  StateCodecs,
  WindowDefinition,
} from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'windows', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };
/** By the clock of the machine: no early result comes meanwhile. */
const HOUR = 3_600_000;
const { counting, summing, averaging, allOf } = AggregateOperations;
const { tumbling, sliding, session } = WindowDefinition;

/** 50 years: nothing is told early by that here. */
const AGES_MS = 50 * 365 * 86_400_000;

interface Reading {
  readonly at: number;
}

/** Of a run. */
interface Expected {
  readonly results?: number;
  /** Behind the last reading, so that every window is told. */
  readonly ends?: boolean;
}

type Operation = AggregateOperation<Reading, unknown, unknown>;
/** Of one stage: windows, an aggregate, a codec, and whether they have no keys; or none of them, and it counts. */
type Stage = readonly [WindowDefinition, Operation, (StateCodec<unknown> | undefined)?, 'of all'?] | 'counts';

const sum = (): Operation => summing(({ at }: Reading) => at) as Operation;
const count = (): Operation => counting() as Operation;
const own = (): Operation =>
  AggregateOperations.withCreate((): unknown => 0)
    .andAccumulate((all, { at }: Reading) => Number(all) + at)
    .andCombine((all, later) => Number(all) + Number(later))
    .andExport((all) => all);

class World {
  readonly stores = new HeldStores();
  readonly source = new ManualSource<Reading>();
  readonly destination = new Destination();

  #pipeline(stage: Stage): Pipeline {
    const pipeline = Pipeline.create();
    const readings = pipeline.readFrom(this.source.source).withTimestamps(({ at }) => at, 0);
    const keyed = () => readings.groupingKey(() => 'k');
    const results =
      stage === 'counts'
        ? keyed()
            .rollingAggregate(counting())
            .setName('totals')
            .map(({ value }) => `count ${value}`)
        : (stage[3] === 'of all'
            ? readings.window(stage[0]).aggregate(stage[1])
            : keyed()
                .window(stage[0])
                .aggregate(stage[1], stage[2] && { codec: stage[2] })
          )
            .setName('totals')
            .map(({ start, end, value }) => `${start} ${end} ${JSON.stringify(value)}`);
    results.writeTo(durableSink(this.destination)).setName('out');
    return pipeline;
  }

  /** Takes these readings, and commits what they did. Gives the results, so many. */
  async run(
    stage: Stage,
    times: readonly number[],
    { results = 0, ends = false, ...options }: Partial<JobOptions> & Expected = {},
  ): Promise<readonly string[]> {
    const before = this.destination.items.length;
    const job = Engine.embedded({ stores: this.stores }).newJob(this.#pipeline(stage), { ...OPTIONS, ...options });
    await job.whenRunning();
    this.source.push(...times.map((at) => ({ at })));
    if (ends) this.source.end();
    await until(() => this.source.acknowledged === this.source.items.length);
    await until(() => this.destination.items.length >= before + results);
    await job.drain();
    return this.destination.items.slice(before);
  }

  /** What the store has under keys of these kinds. */
  stored(...kinds: readonly NamedKind[]): readonly string[] {
    const all = new Map(this.stores.batches.flatMap((batch) => [...batch]));
    const keys = [...all].flatMap(([key, value]) => (value === undefined ? [] : key));
    return keys.filter((key) => kinds.some((kind) => kind === placeOfKey(key)?.is));
  }

  /** The record of the stage, which is `bytes` from now on if these are given. */
  async record(bytes?: Uint8Array): Promise<Uint8Array | undefined> {
    const store = await this.stores.open(OPTIONS.name ?? '', 0);
    const key = nameKey('state', 'totals');
    if (bytes !== undefined) await store.commit(new Map([[key, bytes]]));
    const stored = store.get(key);
    await store.close();
    return stored;
  }

  async refused(stage: Stage): Promise<MillraceError> {
    const { opened } = this.source;
    const job = Engine.embedded({ stores: this.stores }).newJob(this.#pipeline(stage), OPTIONS);
    const error = await job.join().then(
      () => assert.fail('it was to be refused'),
      (thrown) => MillraceError.from(thrown),
    );
    assert.equal(this.source.opened, opened, 'nothing is read before it is refused');
    return error;
  }
}

describe('windows that change under the name of their stage', SUITE_LIMIT, () => {
  it('another kind, size, slide or aggregate is refused with the ways out, and what is stored is as it was', async () => {
    const before: Stage = [sliding(60, 20), sum()];
    const others: readonly Stage[] = [
      [sliding(80, 20), sum()],
      [sliding(60, 30), sum()],
      [tumbling(60), sum()],
      [session(60), sum()],
      [sliding(60, 20), count()],
      [sliding(60, 20), own()],
      [sliding(60, 20), allOf({ sum: sum() }) as Operation],
      'counts',
    ];
    const world = new World();
    await world.run(before, [25]);
    for (const other of others) {
      const refused = await world.refused(other);
      assert.equal(refused.code, 'JOB_CHANGED');
      assert.match(
        refused.message,
        /stage "totals" has stored the state of windows of 60 ms that slide by 20 ms, aggregated by summing, and has /,
      );
      assert.match(refused.advice ?? '', /dropState: \['totals'\].*--drop-state 'totals'.*another name \(setName\)/);
    }
    assert.match((await world.refused('counts')).message, /and has rollingAggregate by counting now/);
    assert.deepEqual(await world.run(before, [40], { results: 1 }), ['-20 40 25']);
  });

  it('windows under the name of a stage that had none are refused, too', async () => {
    const world = new World();
    await world.run('counts', [1]);
    const refused = await world.refused([tumbling(10), count()]);
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.match(
      refused.message,
      /the state of rollingAggregate by counting, and has windows of 10 ms, aggregated by counting now/,
    );
  });

  it('windows without keys are refused after those of keys, and the other way round', async () => {
    const [ofKeys, ofAll] = [
      [tumbling(10), sum()],
      [tumbling(10), sum(), undefined, 'of all'],
    ] as const;
    const [told, without] = [
      'windows of 10 ms, aggregated by summing',
      'windows of 10 ms without keys, aggregated by summing',
    ];
    for (const [before, stored, after, now] of [
      [ofKeys, told, ofAll, without],
      [ofAll, without, ofKeys, told],
    ] as const) {
      const world = new World();
      await world.run(before, [1]);
      const { code, message } = await world.refused(after);
      assert.equal(code, 'JOB_CHANGED');
      assert.equal(message, `stage "totals" has stored the state of ${stored}, and has ${now} now`);
      assert.deepEqual(await world.run(before, [2, 10], { results: 1 }), ['0 10 3']);
    }
  });

  it('of what an earlier version has stored nothing says whether it had keys: it goes on, and says so with the next commit', async () => {
    const world = new World();
    const stage: Stage = [tumbling(10), sum()];
    await world.run(stage, [1]);
    const now = await world.record();
    const { keyed, ...former } = decodeStage(now).windows ?? assert.fail('it has windows');
    assert.equal(keyed, true);
    await world.record(encodeStage({ ...decodeStage(now), windows: former }));
    assert.deepEqual(await world.run(stage, [2, 10], { results: 1 }), ['0 10 3']);
    assert.deepEqual(await world.record(), now);
  });

  it('they begin anew when the stage is named in dropState', async () => {
    const world = new World();
    await world.run([tumbling(60), sum()], [5]);
    const changed: Stage = [tumbling(10), count()];
    assert.deepEqual(await world.run(changed, [6, 20], { dropState: ['totals'], results: 1 }), ['0 10 1']);
    assert.deepEqual(await world.run(changed, [30], { dropState: ['totals'], results: 1 }), ['20 30 1']);
  });

  it('what is compatible goes on: another timeout of sessions, early results, aggregates whose codec upgrades', async () => {
    const sessions = new World();
    await sessions.run([session(10), sum()], [1]);
    assert.deepEqual(await sessions.run([session(50), sum()], [2, 100], { results: 1 }), ['1 52 3']);

    const early = new World();
    await early.run([tumbling(10), sum()], [1]);
    assert.deepEqual(await early.run([tumbling(10).setEarlyResultsPeriod(HOUR), sum()], [2, 10], { results: 1 }), [
      '0 10 3',
    ]);

    const upgraded = new World();
    await upgraded.run([tumbling(10), sum()], [1]);
    const upgrade = (old: unknown): unknown => ({ count: 1, ...Object(old) });
    const codec = StateCodecs.structuredClone<unknown>({ version: 1, upgrade });
    const mean = averaging(({ at }: Reading) => at) as Operation;
    assert.equal((await upgraded.refused([tumbling(10), mean])).code, 'JOB_CHANGED');
    assert.deepEqual(await upgraded.run([tumbling(10), mean, codec], [2, 11], { results: 1 }), ['0 10 1.5']);
    assert.equal((await upgraded.refused([tumbling(10), count(), codec])).code, 'JOB_CHANGED');
  });

  it('early results that are told no more leave nothing behind, and come anew where they are told again', async () => {
    const world = new World();
    await world.run([tumbling(10).setEarlyResultsPeriod(AGES_MS), sum()], [1]);
    assert.ok(world.stored('early').length > 0 && world.stored('early-due').length > 0);
    await world.run([tumbling(10), sum()], [2]);
    assert.deepEqual(world.stored('early', 'early-due'), []);
    const told = await world.run([tumbling(10).setEarlyResultsPeriod(1), sum()], [3], { results: 1 });
    assert.deepEqual(told, ['0 10 6']);
  });

  it('a stage whose windows have all ended may get others', async () => {
    const world = new World();
    assert.deepEqual(await world.run([tumbling(10), sum()], [1], { results: 1, ends: true }), ['0 10 1']);
    world.source.ended = false;
    assert.deepEqual(await world.run([session(5), count()], [2]), []);
  });
});
