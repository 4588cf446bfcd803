import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobOptions, Pipeline } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { Told } from '../../../support/told.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'called', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };

/** A sink `rows`, and behind it in the pipeline a source `rows`, which is numbered there. */
const numberedSource = (from: ManualSource<string>, to: Destination): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(new ManualSource<string>().source).writeTo(durableSink(new Destination()));
  const items = pipeline.readFrom(from.source).map((item) => {
    if (item === 'poison') throw new Error('poison');
    return item;
  });
  items.writeTo(durableSink(to));
  return pipeline;
};

/** A source `rows`, and behind it a sink of that name, or none. */
const numberedSink = (from: ManualSource<string>, to: Destination | undefined): Pipeline => {
  const pipeline = Pipeline.create();
  const items = pipeline.readFrom(from.source);
  if (to === undefined) items.writeTo(durableSink(new Destination())).setName('instead');
  else items.writeTo(durableSink(to));
  return pipeline;
};

const keysOf = ({ batches }: HeldStores): ReadonlySet<string> => new Set(batches.flatMap((batch) => [...batch.keys()]));

describe('sources and sinks of which the pipeline has numbered one', SUITE_LIMIT, () => {
  it('are called by their own name where they hand over and fail, as in the events of their connections, and stored by the numbered one', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>({ name: 'rows' });
    const to = new Destination();
    using told = new Told('hand-over');
    const job = Engine.embedded({ stores }).newJob(numberedSource(source, to), OPTIONS);
    source.push('a');
    await until(() => source.acknowledged === 1);
    assert.equal(Object(told.events[0]?.data).source, 'rows');
    source.push('poison');
    await assert.rejects(job.join(), /failed at position 1 of source "rows"/);
    assert.ok(keysOf(stores).has('source/rows-2'));
  });

  it('have both names in the error that something is stored for one that is gone, and are given up by the numbered one', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>({ name: 'rows' });
    const away = new Destination();
    away.window = 0;
    using told = new Told('hand-over');
    const first = Engine.embedded({ stores }).newJob(numberedSink(source, away), OPTIONS);
    source.push('a');
    await until(() => source.acknowledged === 1);
    assert.equal(Object(told.events[0]?.data).sink, 'rows');
    await first.drain();
    const without = (giveUp: readonly string[]) =>
      Engine.embedded({ stores }).newJob(numberedSink(source, undefined), { ...OPTIONS, giveUp });
    await assert.rejects(
      without([]).join(),
      (error) =>
        error instanceof MillraceError &&
        error.code === 'JOB_CHANGED' &&
        /sink "rows-2" \(which is called "rows" elsewhere: 1 message\)/.test(error.message) &&
        /--give-up 'sink rows-2'/.test(`${error.advice}`),
    );
    const last = without(['sink rows-2']);
    await last.whenRunning();
    await last.drain();
  });
});
