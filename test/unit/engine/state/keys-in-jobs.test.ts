import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AggregateOperations, Engine, Pipeline, Sinks, TestSources, WindowDefinition } from '../../../../src/index.js';
import { onDiagnostic } from '../../../../src/metrics/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const { counting } = AggregateOperations;
const NO_STORE = { processingGuarantee: 'none' } as const;

/** Counts texts by themselves, three of them at most; one behind `-` is forgotten again. */
class World {
  readonly stores = new HeldStores();
  readonly source = new ManualSource<string>();
  readonly destination = new Destination();

  /** Takes these, and gives what they came to, how many were given up, and how many keys the stage has then. */
  async run(...texts: readonly string[]) {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(this.source.source)
      .groupingKey((text) => text.replace('-', ''))
      .mapStateful(
        () => ({ count: 0, last: '' }),
        (state, key, text) => {
          state.count += 1;
          state.last = text;
          return `${key} ${state.count}`;
        },
        { maxKeys: 3, forgetWhen: ({ last }) => last.startsWith('-'), onError: 'skip' },
      )
      .setName('counts')
      .writeTo(durableSink(this.destination))
      .setName('out');
    const before = this.destination.items.length;
    const engine = Engine.embedded({ stores: this.stores });
    const job = engine.newJob(pipeline, { name: 'counts', processingGuarantee: 'exactly-once' });
    await job.whenRunning();
    this.source.push(...texts);
    await until(() => this.source.acknowledged === this.source.items.length);
    await job.drain();
    const store = await this.stores.open('counts', 0);
    const keys = [...store.range('state/counts/', 'state/counts0')].length;
    await store.close();
    return { out: this.destination.items.slice(before), skipped: job.metrics().itemsSkipped, keys };
  }
}

describe('how many keys a stage has', SUITE_LIMIT, () => {
  it('an item of one more than maxKeys is given up, the others go on, over restarts, and a key that is forgotten makes room', async () => {
    const world = new World();
    assert.deepEqual(await world.run('a', 'b', 'c', 'd', 'a'), {
      out: ['a 1', 'b 1', 'c 1', 'a 2'],
      skipped: 1,
      keys: 3,
    });
    assert.deepEqual(await world.run('e', 'b'), { out: ['b 2'], skipped: 1, keys: 3 });
    assert.deepEqual(await world.run('-c', 'f', 'g'), { out: ['c 2', 'f 1'], skipped: 1, keys: 3 });
    // one that was stored by a version that did not count them
    const store = await world.stores.open('counts', 0);
    await store.commit(new Map([['keys/counts', undefined]]));
    await store.close();
    assert.deepEqual(await world.run('h', '-a', 'i'), { out: ['a 3', 'i 1'], skipped: 1, keys: 3 });
  });

  it('without onError the job fails with the advice, windows as well', async () => {
    const out: unknown[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items(1, 2, 1, 3))
      .withTimestamps((n) => n, 0)
      .groupingKey((n) => n)
      .window(WindowDefinition.tumbling(100))
      .aggregate(counting(), { maxKeys: 2 })
      .setName('windows')
      .writeTo(Sinks.list(out));
    await assert.rejects(Engine.embedded().newJob(pipeline, NO_STORE).join(), (error) => {
      assert.match(String(Object(error).message), /the stage has the state of 2 keys, and maxKeys allows no more/);
      assert.match(String(Object(error).advice), /forgetAfter, forgetWhen/);
      return Object(error).code === 'USER_FUNCTION_FAILED';
    });
  });

  it('a stage that forgets none is told of at 131,072 keys, and when they have doubled; one that forgets is not', async () => {
    const told: unknown[] = [];
    using _ = onDiagnostic('keys-grow', (data) => told.push(data));
    const warned: string[] = [];
    const onWarning = (warning: Error): void => {
      if (Object(warning).code === 'MILLRACE_KEYS_GROW') warned.push(warning.message);
    };
    process.on('warning', onWarning);
    const keys = 300_000;
    const pipeline = Pipeline.create();
    const numbers = pipeline
      .readFrom(TestSources.items(...Array.from({ length: keys / 1000 }, (_item, index) => index)))
      .flatMap((thousand) => Array.from({ length: 1000 }, (_item, index) => thousand * 1000 + index));
    const keyed = numbers.groupingKey((n) => n);
    keyed.distinct().setName('ever').writeTo(Sinks.noop());
    keyed
      .mapStateful(
        () => ({}),
        () => {},
        { forgetAfter: 1e9 },
      )
      .setName('forgetful')
      .writeTo(Sinks.noop());
    const job = Engine.embedded().newJob(pipeline, { ...NO_STORE, name: 'grows' });
    await job.join();
    await until(() => warned.length > 0);
    process.off('warning', onWarning);
    assert.match(warned[0] ?? '', /stage "ever" has the state of \d+ keys, and forgets none/);
    assert.equal(warned.length, 1);
    assert.equal(told.length, 2);
    assert.ok(told.every((one) => Object(one).job === 'grows' && Object(one).stage === 'ever'));
    const counts = told.map((one) => Number(Object(one).keys));
    assert.ok(Number(counts[0]) >= 131_072 && Number(counts[1]) >= 262_144 && Number(counts[0]) < 262_144);
    const gauges = job.metrics().samples.filter(({ name }) => name === 'millrace_job_keys');
    assert.deepEqual(
      gauges.map(({ labels, value }) => [labels.stage, value]),
      [
        ['ever', keys],
        ['forgetful', keys],
      ],
    );
  });
});
