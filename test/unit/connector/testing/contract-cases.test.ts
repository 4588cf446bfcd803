import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  defineSink,
  defineSource,
  type SinkDefinition,
  type SinkWriter,
  type SourceDefinition,
  type SourceReader,
} from '../../../../src/connector/index.js';
import {
  type ContractCase,
  type DurableSinkLimits,
  durableSinkCases,
  sinkCases,
  sourceCases,
  storeCases,
} from '../../../../src/connector/testing/index.js';
import { Sinks, TestSources } from '../../../../src/index.js';
import { MemoryStores, type Store, type StoreProvider } from '../../../../src/store/index.js';
import { type AnsweredBreach, answeredSource } from '../../../support/ends/answered-source.js';
import { type Broken, breaking } from '../../../support/ends/broken-ends.js';
import { SUITE_LIMIT } from '../../../support/limits.js';

/** A case that fails by what does not come takes as long, and has as much again. */
const PATIENCE_MS = 5_000;

/** Runs the one case of that name; gives what it rejects with. */
const outcome = async (cases: readonly ContractCase[], name: string): Promise<unknown> => {
  const found = cases.find((one) => one.name === name);
  assert.ok(found !== undefined, `there is no case "${name}"`);
  assert.equal(found.skip, undefined);
  return found.run().then(
    () => undefined,
    (error: unknown) => error,
  );
};

const fails = async (cases: readonly ContractCase[], name: string, message: RegExp): Promise<void> => {
  const error = await outcome(cases, name);
  assert.ok(error instanceof Error, `"${name}" passes`);
  assert.match(error.message, message);
};

type ReaderBreach = (reader: SourceReader<number>) => Broken<SourceReader<number>>;

const sourceWith = (breach: ReaderBreach): readonly ContractCase[] => {
  const wrap = (source: SourceDefinition<number>): SourceDefinition<number> =>
    defineSource({
      ...source,
      createReader: async (context) => {
        const reader = await source.createReader(context);
        return breaking(bound(reader), breach(reader));
      },
    });
  return sourceCases<number>({
    patienceMs: PATIENCE_MS,
    start: async (items) => ({
      source: wrap(TestSources.items(...Array.from({ length: items }, (_, index) => index))),
      produce: () => {},
      sequenceOf: (item) => item,
      acknowledged: () => 0,
      stop: () => {},
    }),
    limits: { redelivery: 'it begins again', failure: 'it does not fail', rest: 'it is done' },
  });
};

/** Its functions as properties of their own: private fields are not reached through a prototype. */
const bound = (reader: SourceReader<number>): SourceReader<number> => ({
  poll: (max) => reader.poll(max),
  ready: () => reader.ready(),
  snapshot: (upTo) => reader.snapshot(upTo),
  committed: (mark) => reader.committed(mark),
  close: () => reader.close(),
});

type WriterBreach = (writer: SinkWriter<number>, array: number[]) => Broken<SinkWriter<number>>;

const writerOf = (writer: SinkWriter<number>): SinkWriter<number> => ({
  write: (items) => writer.write(items),
  flush: () => writer.flush(),
  progress: () => writer.progress(),
  ready: () => writer.ready(),
  close: () => writer.close(),
});

const brokenSink = (array: number[], breach: WriterBreach): SinkDefinition<number> => {
  const list = Sinks.list(array);
  return defineSink<number>({
    name: list.name,
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: async (context) => {
      const writer = await list.createWriter(context);
      return breaking(writerOf(writer), breach(writer, array));
    },
  });
};

const fixtureWith = (breach: WriterBreach) => async () => {
  const array: number[] = [];
  const sink = brokenSink(array, breach);
  return { sink, item: (sequence: number) => sequence, received: () => array, stop: () => {} };
};

const LIMITS = { holding: 'an array takes all', failure: 'an array does not fail' };

const sinkWith = (breach: WriterBreach): readonly ContractCase[] =>
  sinkCases<number>({ patienceMs: PATIENCE_MS, start: fixtureWith(breach), limits: LIMITS });

const durableWith = (breach: WriterBreach, limits: DurableSinkLimits = LIMITS): readonly ContractCase[] =>
  durableSinkCases<number>({
    patienceMs: PATIENCE_MS,
    start: fixtureWith(breach),
    guarantee: 'at-least-once',
    limits,
  });

type StoreBreach = (store: Store) => Broken<Store>;

const storesWith = (breach: StoreBreach): readonly ContractCase[] => {
  const wrap = (stores: MemoryStores): StoreProvider => ({
    location: 'memory',
    open: async (job, partition) => {
      const store = await stores.open(job, partition);
      const good: Store = {
        maxCommitBytes: store.maxCommitBytes,
        maxKeyBytes: store.maxKeyBytes,
        get: (key) => store.get(key),
        range: (from, to) => store.range(from, to),
        commit: (batch) => store.commit(batch),
        close: () => store.close(),
      };
      return breaking(good, breach(store));
    },
    close: () => stores.close(),
  });
  return storeCases({
    start: async () => {
      const stores = new MemoryStores();
      return {
        stores: wrap(stores),
        again: async () => {
          await stores.close();
          return wrap(new MemoryStores(stores));
        },
      };
    },
  });
};

const reversed: ReaderBreach = (reader) => ({
  poll: (max: number) => {
    const polled = reader.poll(max);
    return { ...polled, items: [...polled.items].reverse() };
  },
});

const shifting: ReaderBreach = (reader) => ({
  poll: (max: number) => {
    const polled = reader.poll(max);
    return polled.last < polled.first ? polled : { ...polled, first: 0, last: polled.last - polled.first };
  },
});

describe('the cases of a contract are data', SUITE_LIMIT, () => {
  it('each has a name of its own', () => {
    for (const cases of [
      sourceWith(() => ({})),
      sinkWith(() => ({})),
      durableWith(() => ({})),
      storesWith(() => ({})),
    ]) {
      assert.ok(cases.length > 10);
      assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    }
  });

  it('what a limit rules out is skipped, with the limit', () => {
    const skipped = (cases: readonly ContractCase[]) => new Set(cases.flatMap(({ skip }) => skip ?? []));
    assert.deepEqual(skipped(sinkWith(() => ({}))), new Set(Object.values(LIMITS)));
    assert.deepEqual(skipped(durableWith(() => ({}), { ...LIMITS, repeats: 'it repeats' })).has('it repeats'), true);
    assert.ok(skipped(sourceWith(() => ({}))).has('it begins again'));
    assert.deepEqual(skipped(storesWith(() => ({}))), new Set());
  });

  it('what ends a case early ends its fixture too', async () => {
    let stopped = 0;
    const start = async () => ({
      ...(await fixtureWith(() => ({ write: () => undefined }))()),
      stop: () => {
        stopped += 1;
      },
    });
    const cases = sinkCases<number>({ start, limits: LIMITS });
    await fails(cases, 'delivers every item, in order', /rule write-count/);
    assert.equal(stopped, 1);
  });
});

// at the same time: some wait for seconds
describe('the cases of a contract fail for what breaks it', { ...SUITE_LIMIT, concurrency: true }, () => {
  const sources: readonly [string, string, ReaderBreach, RegExp][] = [
    ['items out of order', 'gives the items in order, at positions that ascend without a gap', reversed, /deep-equal/],
    ['positions that do not go on', 'poll never gives more than it was asked for', shifting, /poll-positions/],
    [
      'no acknowledgement at a commit',
      'acknowledges exactly the committed prefix',
      () => ({}),
      /four acknowledgements/,
    ],
    [
      'a close that rejects',
      'opens and closes, twice over',
      () => ({ close: () => Promise.reject(new Error('stuck')) }),
      /stuck/,
    ],
  ];
  for (const [what, name, breach, message] of sources) {
    it(`a source: ${what}`, () => fails(sourceWith(breach), name, message));
  }

  const answered = (breach?: AnsweredBreach): readonly ContractCase[] =>
    sourceCases<number>({
      patienceMs: PATIENCE_MS,
      start: async (items) => ({
        source: answeredSource(items, breach),
        produce: () => {},
        sequenceOf: (item) => item,
        stop: () => {},
      }),
      limits: { redelivery: 'it begins again', acknowledgement: 'it keeps none', failure: 'it does not fail' },
    });
  const UNPOLLED = 'durable: it tells what there is to commit, though nobody polls';
  const LAST = 'durable: while there is something to commit it tells the last answer that is to come, and none before';
  const answers: readonly [string, string, AnsweredBreach, RegExp][] = [
    ['whenDirty never comes', UNPOLLED, { tells: () => false }, /whenDirty, with \d answers to come/],
    [
      'whenDirty comes for items',
      UNPOLLED,
      { whenDirty: () => Promise.resolve() },
      /whenDirty came with nothing to commit/,
    ],
    ['answers are awaited before a commit', UNPOLLED, { awaited: () => 1 }, /no commit has let anything out/],
    [
      'whenDirty comes for each answer',
      LAST,
      { tells: () => true, whenDirty: ({ dirtiness }) => dirtiness.wait() },
      /whenDirty came before the last answer/,
    ],
    [
      'whenDirty comes at once while there is something to commit',
      LAST,
      { whenDirty: ({ dirty, dirtiness }) => (dirty ? Promise.resolve() : dirtiness.wait()) },
      /whenDirty came before the last answer/,
    ],
    [
      'whenDirty comes for the first answer only',
      LAST,
      { tells: (_, wasDirty) => !wasDirty },
      /whenDirty, with \d answers to come/,
    ],
  ];
  it('a source that is answered keeps them all', async () => {
    for (const { name, skip, run } of answered()) {
      if (skip === undefined) await assert.doesNotReject(run, name);
    }
  });
  for (const [what, name, breach, message] of answers) {
    it(`a source that is answered: ${what}`, () => fails(answered(breach), name, message));
  }

  const sinks: readonly [string, string, WriterBreach, RegExp][] = [
    [
      'items out of order',
      'delivers every item, in order',
      (writer) => ({
        write: (items: readonly number[]) => writer.write([...items].reverse()),
      }),
      /deep-equal/,
    ],
    [
      'an item too few',
      'works without an engine: closing the stream waits for delivery',
      (writer) => ({
        write: (items: readonly number[]) => {
          writer.write(items.filter((item) => item !== 7));
          return items.length;
        },
      }),
      /has not ended within/,
    ],
    [
      'more delivered than taken',
      'writing nothing takes nothing',
      () => ({
        progress: () => ({ delivered: 1, rejected: [] }),
      }),
      /progress-delivered/,
    ],
  ];
  for (const [what, name, breach, message] of sinks) {
    it(`a sink: ${what}`, () => fails(sinkWith(breach), name, message));
  }

  it('a sink of a job with a store: an item twice', async () => {
    const twice: WriterBreach = (writer, array) => ({
      write: (items: readonly number[]) => {
        array.push(...items);
        return writer.write(items);
      },
    });
    await fails(durableWith(twice), 'delivers every item, in order, over many commits', /each once/);
  });

  const stores: readonly [string, string, StoreBreach, RegExp][] = [
    [
      'seen before it is durable',
      'a commit is not seen before it is durable',
      () => ({ get: () => new Uint8Array() }),
      /strictly equal/,
    ],
    [
      'a removal is forgotten',
      'a commit replaces and removes, also what does not exist',
      (store) => ({
        commit: (batch: ReadonlyMap<string, Uint8Array | undefined>) =>
          store.commit(new Map([...batch].filter(([, value]) => value !== undefined))),
      }),
      /deep-equal/,
    ],
    [
      'a range has its upper end',
      'a range has its lower end and not its upper end',
      (store) => ({
        range: (from: string, to: string) => store.range(from, `${to}\0`),
      }),
      /range-order/,
    ],
    [
      'the caller changes what is committed',
      'values belong to their readers, and to the caller of a commit again once it is called',
      (store) => ({
        commit: (batch: ReadonlyMap<string, Uint8Array | undefined>) =>
          Promise.resolve().then(() => store.commit(batch)),
      }),
      /deep-equal/,
    ],
    [
      'a series comes out otherwise',
      'any series of commits gives what a map gives',
      (store) => ({
        commit: (batch: ReadonlyMap<string, Uint8Array | undefined>) => store.commit(new Map([...batch].slice(0, 3))),
      }),
      /series/,
    ],
  ];
  for (const [what, name, breach, message] of stores) {
    it(`a store: ${what}`, () => fails(storesWith(breach), name, message));
  }
});
