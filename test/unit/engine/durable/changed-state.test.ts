import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameKey } from '../../../../src/engine/layout/keys/named-keys.js';
import { decodeStage } from '../../../../src/engine/layout/values/stage-record.js';
import { encodeStored } from '../../../../src/engine/layout/values/stored-value.js';
import { MillraceError } from '../../../../src/errors/index.js';
import {
  AggregateOperations,
  Engine,
  type JobOptions,
  type KeyedStage,
  Pipeline,
  type Stage,
  StateCodecs,
} from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'kinds', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };
const RECORD = nameKey('state', 'kept');
/** Of the machine's clock: nothing is due meanwhile. */
const HOUR = 3_600_000;
const { counting, averaging, withCreate } = AggregateOperations;

type Keyed = KeyedStage<number, string>;
type Kind = (keyed: Keyed) => Stage<unknown>;

const create = () => ({ seen: 0 });
const seen = (state: { seen: number }): number => {
  state.seen += 1;
  return state.seen;
};
const upgrading = StateCodecs.structuredClone<never>({
  version: 1,
  upgrade: (old: unknown): never => ({ count: Number(old), sum: 0, lost: 0 }) as never,
});
const mean = () => averaging((item: number) => item);

const KINDS = {
  mapStateful: (keyed) => keyed.mapStateful(create, seen),
  flatMapStateful: (keyed) => keyed.flatMapStateful(create, (state) => [seen(state)]),
  filterStateful: (keyed) => keyed.filterStateful(create, (state) => seen(state) > 0),
  'own operation': (keyed) =>
    keyed.rollingAggregate(
      withCreate(create)
        .andAccumulate((state) => ({ seen: state.seen + 1 }))
        .andExport((state) => state.seen),
    ),
  counting: (keyed) => keyed.rollingAggregate(counting()),
  averaging: (keyed) => keyed.rollingAggregate(mean()),
  'averaging that upgrades': (keyed) => keyed.rollingAggregate(mean(), { codec: upgrading }),
  distinct: (keyed) => keyed.distinct(),
  debounce: (keyed) => keyed.debounce(HOUR),
  throttle: (keyed) => keyed.throttle(HOUR),
  sample: (keyed) => keyed.sample(HOUR),
  sessionize: (keyed) => keyed.sessionize(HOUR),
} satisfies Readonly<Record<string, Kind>>;
type KindName = keyof typeof KINDS;

class World {
  readonly stores: MemoryStores;
  readonly source = new ManualSource<number>();
  readonly destination = new Destination();

  constructor(others?: MemoryStores) {
    this.stores = new MemoryStores(others);
  }

  job(kind: KindName, options: Partial<JobOptions> = {}) {
    const pipeline = Pipeline.create();
    KINDS[kind](pipeline.readFrom(this.source.source).groupingKey(() => 'k'))
      .setName('kept')
      .map((result) => JSON.stringify(result))
      .writeTo(durableSink(this.destination))
      .setName('out');
    return Engine.embedded({ stores: this.stores }).newJob(pipeline, { ...OPTIONS, ...options });
  }

  /** Takes one more item, commits what it did, and gives what came of it. */
  async run(kind: KindName, options: Partial<JobOptions> = {}): Promise<readonly string[]> {
    const before = this.destination.items.length;
    const job = this.job(kind, options);
    await job.whenRunning();
    this.source.push(7);
    await until(() => this.source.acknowledged === this.source.items.length);
    await job.drain();
    return this.destination.items.slice(before);
  }

  async refused(kind: KindName, options: Partial<JobOptions> = {}): Promise<MillraceError> {
    const { opened } = this.source;
    const error = await this.job(kind, options)
      .join()
      .then(
        () => assert.fail(`${kind} was to be refused`),
        (thrown) => MillraceError.from(thrown),
      );
    assert.equal(this.source.opened, opened, 'nothing is read before it is refused');
    return error;
  }

  /** The record of the stage, which is `bytes` from now on if these are given. */
  async record(bytes?: Uint8Array): Promise<Uint8Array | undefined> {
    const store = await this.stores.open(OPTIONS.name ?? '', 0);
    if (bytes !== undefined) await store.commit(new Map([[RECORD, bytes]]));
    const stored = store.get(RECORD);
    await store.close();
    return stored;
  }
}

describe('a stage of another kind under the name of one that has state', SUITE_LIMIT, () => {
  const others: readonly (readonly [KindName, string, KindName, string])[] = [
    ['mapStateful', 'functions of your own', 'counting', 'rollingAggregate by counting'],
    ['counting', 'rollingAggregate by counting', 'averaging', 'rollingAggregate by averaging'],
    ['counting', 'rollingAggregate by counting', 'own operation', 'functions of your own'],
    ['counting', 'rollingAggregate by counting', 'mapStateful', 'functions of your own'],
    ['distinct', 'distinct', 'filterStateful', 'functions of your own'],
    ['mapStateful', 'functions of your own', 'distinct', 'distinct'],
    ['debounce', 'debounce', 'sample', 'sample'],
    ['throttle', 'throttle', 'debounce', 'debounce'],
    ['sample', 'sample', 'throttle', 'throttle'],
    ['counting', 'rollingAggregate by counting', 'sessionize', 'sessions, aggregated by toList'],
    ['sessionize', 'sessions, aggregated by toList', 'distinct', 'distinct'],
  ];
  for (const [before, stored, after, now] of others)
    it(`${after} after ${before} is refused with the ways out, and goes on with nothing where the state is dropped`, async () => {
      const world = new World();
      await world.run(before);
      const { code, message, advice } = await world.refused(after);
      assert.equal(code, 'JOB_CHANGED');
      assert.equal(message, `stage "kept" has stored the state of ${stored}, and has ${now} now`);
      assert.match(advice ?? '', /dropState: \['kept'\].*--drop-state 'kept' of millrace run\. Or .*another name/);
      using told = new Told('given-up');
      const dropState = ['kept'];
      assert.deepEqual(await world.run(after, { dropState }), await new World().run(after));
      const data = { job: 'kinds', part: 'stage kept', stored: `the state of ${stored}` };
      // sessions have set timers besides, which another stage has no place for
      assert.deepEqual(told.events.at(-1), { name: 'given-up', data });
    });

  it('the state of your own functions goes on in whichever stage calls them', async () => {
    const world = new World();
    assert.deepEqual(await world.run('mapStateful'), ['1']);
    assert.deepEqual(await world.run('flatMapStateful'), ['2']);
    assert.deepEqual(await world.run('filterStateful'), ['7']);
    assert.deepEqual(await world.run('own operation'), ['{"key":"k","value":4}']);
    assert.deepEqual(await world.run('mapStateful'), ['5']);
  });

  it('another aggregate goes on where its codec makes its accumulators of what is stored', async () => {
    const world = new World();
    await world.run('counting');
    assert.deepEqual(await world.run('averaging that upgrades'), ['{"key":"k","value":3.5}']);
    assert.equal((await world.refused('counting')).code, 'JOB_CHANGED');
  });

  it('a job that begins with a snapshot refuses it as well', async () => {
    const first = new World();
    const job = first.job('mapStateful');
    await job.whenRunning();
    first.source.push(7);
    await until(() => first.source.acknowledged === 1);
    await job.exportSnapshot('s');
    await job.drain();
    const begun = { name: 'second', initialSnapshot: 's' };
    const refused = await new World(first.stores).refused('counting', begun);
    assert.equal(refused.code, 'JOB_CHANGED');
    assert.deepEqual(await new World(first.stores).run('flatMapStateful', begun), ['2']);
  });

  it('what an earlier version has stored without its kind goes on, and has it with the next commit', async () => {
    const world = new World();
    await world.run('counting');
    const now = await world.record();
    await world.record(encodeStored([0]));
    assert.deepEqual(await world.run('counting'), ['{"key":"k","value":2}']);
    assert.deepEqual(await world.record(), now);
    assert.deepEqual(decodeStage(now).form, { aggregate: 'counting' });
    assert.equal((await world.refused('averaging')).code, 'JOB_CHANGED');
  });
});
