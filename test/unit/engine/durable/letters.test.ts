import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeadLetter, defineSink, type OnError, type Sink } from '../../../../src/connector/index.js';
import { Engine, type JobOptions, Pipeline } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { TwoPhaseDestination, twoPhaseSink } from '../../../support/ends/two-phase-sink.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'letters', processingGuarantee: 'exactly-once' };

/** A dead-letter sink under a name of its own; a letter whose topic it `refuses` cannot become a row. */
const letters = (name: string, destination: Destination, onError: OnError, refuses = ''): Sink<DeadLetter> => {
  const texts = durableSink(destination, onError);
  return defineSink<DeadLetter>({
    name,
    claims: [],
    refuse: () => undefined,
    onError,
    createWriter: () => Promise.reject(new Error('this sink is for jobs with a store')),
    createDurableWriter: async (context, restore) => {
      const writer = await texts.createDurableWriter?.(context, restore);
      if (writer === undefined) throw new Error('it is a durable sink');
      const textOf = ({ attributes }: DeadLetter): string => {
        const topic = String(attributes.topic ?? '');
        return topic === refuses ? `poison ${topic}` : topic.replace('poison', 'refused');
      };
      return {
        outboxes: writer.outboxes,
        prepare: (items: readonly DeadLetter[]) => writer.prepare(items.map(textOf)),
        flush: () => writer.flush(),
        ready: () => writer.ready(),
        close: () => writer.close(),
      };
    },
  });
};

describe('letters and answers in a durable job', SUITE_LIMIT, () => {
  it('stores the letter of a letter in the same commit, whatever the order of the dead-letter sinks', async () => {
    const stores = new HeldStores();
    const main = new Destination();
    main.refuses.add('b');
    const last = new Destination();
    const middle = new Destination();
    const lastSink = letters('last', last, 'fail');
    const middleSink = letters('middle', middle, { deadLetter: lastSink }, 'b');
    const source = new ManualSource<string>();
    const pipeline = Pipeline.create();
    const stage = pipeline.readFrom(source.source);
    // the first sink makes `last` the dead-letter sink that is opened first
    stage.filter(() => false).writeTo(durableSink(new Destination(), { deadLetter: lastSink }));
    stage.writeTo(durableSink(main, { deadLetter: middleSink }));
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(pipeline, OPTIONS);
    await job.whenRunning();
    source.push('a', 'b', 'c');
    await until(() => last.items.length === 1);
    await engine.shutdown();
    assert.deepEqual(last.items, ['refused b']);
    const completing = stores.batches.filter((batch) => [...batch.keys()].some((key) => key.startsWith('rows/last')));
    assert.ok(
      completing.some((batch) => [...batch.keys()].some((key) => key.startsWith('outbox/rows'))),
      'the letter is in another commit than the refusal',
    );
  });

  it('goes on with a window that is full of rows which wait for their commit, without any other reason for one (R9)', async () => {
    const source = new ManualSource<string>();
    const destination = new TwoPhaseDestination();
    const pipeline = Pipeline.create();
    pipeline.readFrom(source.source).writeTo(twoPhaseSink(destination));
    const engine = Engine.embedded({ stores: new HeldStores() });
    const job = engine.newJob(pipeline, { ...OPTIONS, maxOutboxMessages: 4 });
    await job.whenRunning();
    const items = Array.from({ length: 40 }, (_, index) => `${index}`);
    const startMs = performance.now();
    source.push(...items);
    await until(() => destination.passedOn.length === items.length);
    assert.ok(performance.now() - startMs < 5_000, 'it waits for no timer');
    assert.deepEqual(destination.passedOn, items);
    await engine.shutdown();
  });
});
