import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OutboxSender, ProcessingGuarantee, Sink, SinkWriter, Source } from '../../../../src/connector/index.js';
import type { MillraceError } from '../../../../src/errors/index.js';
import { Engine, Pipeline } from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import {
  type Broken,
  breaking,
  letter,
  senderWriter,
  sinkOf,
  sourceOf,
  TextSender,
  textReader,
  textWriter,
} from '../../../support/ends/broken-ends.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const TEXTS = ['a', 'b', 'c'];
const GUARANTEES: readonly ProcessingGuarantee[] = ['none', 'at-least-once', 'exactly-once'];

const engineFor = (guarantee: ProcessingGuarantee): Engine =>
  Engine.embedded(guarantee === 'exactly-once' ? { stores: new MemoryStores() } : {});

/** Runs a copy from the source to the sink until it fails for a broken contract; gives the error. */
const fails = async (
  guarantee: ProcessingGuarantee,
  { source, sink, engine = engineFor(guarantee) }: { source: Source<string>; sink: Sink<string>; engine?: Engine },
): Promise<MillraceError> => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  const job = engine.newJob(pipeline, { name: 'doors', processingGuarantee: guarantee });
  const error = await rejectsWith('CONTRACT_BROKEN', job.join());
  assert.equal(job.status, 'FAILED');
  await engine.shutdown();
  return error;
};

const poll = (changes: object) => ({
  poll: () => ({
    items: ['a', 'b'],
    timestampMs: 0,
    first: 0,
    last: 1,
    bytes: 2,
    rejected: [],
    done: false,
    ...changes,
  }),
});

describe(
  'a source that breaks its contract fails the job by name, and nothing of it is acknowledged (G8)',
  SUITE_LIMIT,
  () => {
    const breaches: readonly [string, ReturnType<typeof poll>][] = [
      ['items with last < first', poll({ last: -1 })],
      ['positions that do not continue', poll({ first: 0 })],
      ['more items than asked for', poll({ items: new Array(1000).fill('a'), last: 999 })],
    ];
    for (const guarantee of GUARANTEES) {
      for (const [what, broken] of breaches) {
        it(`${guarantee}: ${what}`, async () => {
          const reader = textReader(TEXTS);
          const source = sourceOf(() => breaking(reader, broken));
          const error = await fails(guarantee, { source, sink: sinkOf(textWriter) });
          assert.match(error.message, /^source "crooked" /);
          // the second poll of the same positions comes after a good one
          if (what !== 'positions that do not continue') assert.equal(reader.acknowledged, -1);
        });
      }
    }
  },
);

describe('a sink that breaks its contract fails the job by name (G8, G9)', SUITE_LIMIT, () => {
  const breaches: readonly [string, Broken<SinkWriter<string>>][] = [
    ['write forgets its return', { write: () => undefined }],
    ['write gives more than offered', { write: (items: readonly string[]) => items.length + 1 }],
    ['write gives NaN', { write: () => Number.NaN }],
    ['write gives less than nothing', { write: () => -1 }],
    ['write gives half an item', { write: () => 0.5 }],
    [
      'an item that was never taken is given up',
      { progress: () => ({ delivered: 0, rejected: [{ index: 77, letter }] }) },
    ],
    ['more is delivered than was taken', { progress: () => ({ delivered: 9, rejected: [] }) }],
    ['delivered is NaN', { progress: () => ({ delivered: Number.NaN, rejected: [] }) }],
    ['ready gives nothing', { ready: () => {} }],
    ['flush fails where nobody waits', { flush: () => Promise.reject(new Error('nobody hears this')) }],
  ];
  for (const guarantee of GUARANTEES) {
    for (const [what, broken] of breaches) {
      it(`${guarantee}: ${what}, and timers go on`, async () => {
        const reader = textReader(TEXTS);
        let ticked = false;
        setTimeout(() => {
          ticked = true;
        }, 1);
        const sink = sinkOf(() => breaking(textWriter(), broken));
        const error = await fails(guarantee, { source: sourceOf(() => reader), sink });
        assert.match(error.message, /^sink "bent" /);
        await until(() => ticked);
        // with a store the outbox keeps what the sink had
        if (guarantee === 'at-least-once') assert.equal(reader.acknowledged, -1);
      });
    }
  }
});

describe('the durable sink that breaks its contract fails the job before the commit (G8)', SUITE_LIMIT, () => {
  const bytes = new Uint8Array(1);
  const breaches: readonly [string, (items: readonly string[]) => object][] = [
    ['a row for outbox 1 of one', (items) => ({ rows: items.map(() => ({ outbox: 1, bytes })), rejected: [] })],
    ['a row too few', (items) => ({ rows: items.slice(1).map(() => ({ outbox: 0, bytes })), rejected: [] })],
    [
      'an item that was not given is rejected',
      (items) => ({
        rows: items.slice(1).map(() => ({ outbox: 0, bytes })),
        rejected: [{ index: 77, letter }],
      }),
    ],
  ];
  for (const [what, prepare] of breaches) {
    it(`prepare: ${what}: nothing is committed, and nothing acknowledged`, async () => {
      const reader = textReader(TEXTS);
      const stores = new HeldStores();
      const sink = sinkOf(textWriter, () => breaking(senderWriter(new TextSender()), { prepare }));
      const engine = Engine.embedded({ stores });
      const error = await fails('exactly-once', { source: sourceOf(() => reader), sink, engine });
      assert.match(error.message, /^sink "bent" /);
      assert.equal(reader.acknowledged, -1);
      assert.equal(stores.batches.filter((batch) => batch.has('source/crooked')).length, 0);
    });
  }

  const senders: readonly [string, Broken<OutboxSender>][] = [
    ['offers nothing and says that all is complete', { offer: () => 0, snapshot: (end: number) => snapshot(end) }],
    ['says that more is complete than it took', { offer: () => 0, snapshot: () => snapshot(1) }],
    ['takes more than it is offered', { offer: (rows: readonly object[]) => rows.length + 1 }],
    ['takes NaN', { offer: () => Number.NaN }],
    ['takes all and wants it again', { next: 0, offer: (rows: readonly object[]) => rows.length }],
  ];
  for (const [what, broken] of senders) {
    it(`a sender that ${what} loses no row: the next run delivers all`, async () => {
      const stores = new MemoryStores();
      const sink = sinkOf(textWriter, () => senderWriter(breaking(new TextSender(), broken)));
      const engine = Engine.embedded({ stores: keptOpen(stores) });
      const reader = textReader(TEXTS);
      await fails('exactly-once', { source: sourceOf(() => reader), sink, engine });
      const mended = new TextSender();
      const pipeline = Pipeline.create();
      // where not even the rows were committed, their inputs come again
      const rest = TEXTS.slice(reader.acknowledged + 1);
      pipeline.readFrom(sourceOf(() => textReader(rest))).writeTo(sinkOf(textWriter, () => senderWriter(mended)));
      const again = Engine.embedded({ stores });
      again.newJob(pipeline, { name: 'doors', processingGuarantee: 'exactly-once' });
      await until(() => mended.arrived.length === TEXTS.length, { what: () => `all rows, not ${mended.arrived}` });
      assert.deepEqual(mended.arrived, TEXTS);
      await again.shutdown();
    });
  }
});

describe('the same doors stand where there is no engine', SUITE_LIMIT, () => {
  it('an open source ends with the error', async () => {
    const source = await sourceOf(() => breaking(textReader(TEXTS), poll({ last: -1 }))).open();
    const error = await rejectsWith(
      'CONTRACT_BROKEN',
      (async () => {
        for await (const { ack } of source) ack();
      })(),
    );
    assert.match(error.message, /^source "crooked" /);
  });

  it('an open sink fails its writer, and does not spin', async () => {
    const stream = await sinkOf(() => breaking(textWriter(), { write: () => undefined })).open();
    const writer = stream.getWriter();
    writer.closed.catch(() => {});
    await rejectsWith('CONTRACT_BROKEN', writer.write('a'));
  });
});

describe('what a connector throws that is no MillraceError', SUITE_LIMIT, () => {
  it('is told with the name of the connector, from opening and from polling', async () => {
    const thrower = () => {
      throw new TypeError('boom');
    };
    for (const source of [sourceOf(() => breaking(textReader(TEXTS), { poll: thrower })), sourceOf(thrower)]) {
      const pipeline = Pipeline.create();
      pipeline.readFrom(source).writeTo(sinkOf(textWriter));
      const engine = Engine.embedded();
      const error = await rejectsWith('USER_FUNCTION_FAILED', engine.newJob(pipeline).join());
      assert.equal(error.message, 'source "crooked": boom');
      await engine.shutdown();
    }
  });

  it('fails the job when it rejects the promise of failed', async () => {
    const source = sourceOf(() => breaking(textReader([]), { failed: Promise.reject(new Error('gone')) }));
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(sinkOf(textWriter));
    const engine = Engine.embedded();
    const error = await rejectsWith('USER_FUNCTION_FAILED', engine.newJob(pipeline).join());
    assert.equal(error.message, 'source "crooked": gone');
    await engine.shutdown();
  });

  it('in the state of a source is told before the commit, by name', async () => {
    const state = { handler: () => {} };
    const source = sourceOf(() => breaking(textReader(TEXTS), { snapshot: (upTo: number) => ({ mark: upTo, state }) }));
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(sinkOf(textWriter));
    const engine = engineFor('exactly-once');
    const job = engine.newJob(pipeline, { name: 'doors', processingGuarantee: 'exactly-once' });
    const error = await rejectsWith('STATE_NOT_STORABLE', job.join());
    assert.match(error.message, /^source "crooked" /);
    await engine.shutdown();
  });
});

const snapshot = (low: number) => ({ mark: 0, state: undefined, low, refused: [] });

/** The stores outlive the engine of the first run. */
const keptOpen = (stores: MemoryStores) => ({
  location: stores.location,
  open: (job: string, partition: number) => stores.open(job, partition),
  close: async () => {},
});
