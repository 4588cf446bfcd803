import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openDurableWriter } from '../../../../src/connector/guards/guarded-durable-writer.js';
import { openReader } from '../../../../src/connector/guards/guarded-reader.js';
import { openWriter } from '../../../../src/connector/guards/guarded-writer.js';
import type { DurableSinkWriter, OutboxSender, SinkWriter, SourceReader } from '../../../../src/connector/index.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { openStore } from '../../../../src/store/guarded-store.js';
import { MemoryStores, type Store } from '../../../../src/store/index.js';
import {
  type Broken,
  breaking,
  letter,
  senderWriter,
  TextSender,
  textReader,
  textWriter,
} from '../../../support/ends/broken-ends.js';

/** One breach of a contract: the rule, what is done, and what breaks it. */
type Breach<P> = readonly [rule: string, what: string, broken: Broken<P>, use?: (port: P) => unknown];

const assertBroken = (thrown: unknown, rule: string, owner: string): void => {
  assert.ok(thrown instanceof MillraceError, `not a MillraceError: ${thrown}`);
  assert.equal(thrown.code, 'CONTRACT_BROKEN', thrown.message);
  assert.equal(thrown.details.rule, rule, thrown.message);
  assert.equal(thrown.fault, 'user');
  assert.ok(thrown.message.startsWith(owner), thrown.message);
  assert.ok(thrown.advice !== undefined);
};

/** Opens a port with this breach and uses it; it must be told, wherever it shows. */
const isTold = async <P>(
  owner: string,
  open: () => Promise<P>,
  [rule, , , use = () => {}]: Breach<P>,
): Promise<void> => {
  const outcome = await (async () => use(await open()))().then(
    () => undefined,
    (thrown: unknown) => ({ thrown }),
  );
  assert.ok(outcome !== undefined, 'nothing was told');
  assertBroken(outcome.thrown, rule, owner);
};

const polls = (changes: object, after?: object): Broken<SourceReader<string>> => {
  const good = { items: ['a', 'b'], timestampMs: 0, first: 0, last: 1, bytes: 2, rejected: [], done: false };
  const given = after === undefined ? [changes] : [changes, after];
  return { poll: () => ({ ...good, ...(given.length > 1 ? given.shift() : given[0]) }) };
};
const poll = (reader: SourceReader<string>) => reader.poll(10);
const pollTwice = (reader: SourceReader<string>) => [reader.poll(10), reader.poll(10)];
const marks = (...values: unknown[]) => ({ snapshot: () => ({ mark: values.shift(), state: undefined }) });
const snapshotTwice = (reader: SourceReader<string>) => [reader.snapshot(0), reader.snapshot(1)];
const failing = () => Promise.reject(new Error('boom'));

const READER: readonly Breach<SourceReader<string>>[] = [
  ['methods', 'poll is missing', { poll: undefined }],
  ['methods', 'close is no function', { close: 7 }],
  ['poll-shape', 'poll gives nothing', { poll: () => undefined }, poll],
  ['poll-shape', 'poll gives null', { poll: () => null }, poll],
  ['poll-shape', 'poll gives a promise', { poll: async () => ({}) }, poll],
  ['poll-shape', 'items are no array', polls({ items: 'ab' }), poll],
  ['poll-shape', 'rejected is missing', polls({ rejected: undefined }), poll],
  ['poll-shape', 'bytes are NaN', polls({ bytes: Number.NaN }), poll],
  ['poll-shape', 'bytes are below zero', polls({ bytes: -1 }), poll],
  ['poll-shape', 'timestampMs is missing', polls({ timestampMs: undefined }), poll],
  ['poll-shape', 'done is missing', polls({ done: undefined }), poll],
  ['poll-count', 'more items than asked for', polls({}), (reader) => reader.poll(1)],
  ['poll-positions', 'items with last < first', polls({ first: 5, last: 4 }), poll],
  [
    'poll-positions',
    'a rejected input with last < first',
    polls({ items: [], last: -1, rejected: [{ position: 0, letter }] }),
    poll,
  ],
  ['poll-positions', 'fewer positions than items', polls({ first: 0, last: 0 }), poll],
  [
    'poll-positions',
    'a rejected input has no position of its own',
    polls({ rejected: [{ position: 1, letter }] }),
    poll,
  ],
  ['poll-positions', 'first is NaN', polls({ items: [], first: Number.NaN }), poll],
  ['poll-positions', 'last is no integer', polls({ last: 1.5 }), poll],
  ['poll-positions', 'the next positions leave a gap', polls({}, { first: 3, last: 4 }), pollTwice],
  ['poll-positions', 'the next positions are the same again', polls({}, {}), pollTwice],
  [
    'poll-rejected',
    'a rejected input stands above last',
    polls({ items: [], rejected: [{ position: 2, letter }] }),
    poll,
  ],
  [
    'poll-rejected',
    'a rejected input stands below first',
    polls({ items: [], rejected: [{ position: -1, letter }] }),
    poll,
  ],
  [
    'poll-rejected',
    'two rejected inputs at one position',
    polls({ items: [], rejected: [0, 0].map((position) => ({ position, letter })) }),
    poll,
  ],
  [
    'poll-rejected',
    'a rejected input at no position',
    polls({ items: [], rejected: [{ position: Number.NaN, letter }] }),
    poll,
  ],
  ['letter', 'a rejected input without a letter', polls({ items: [], rejected: [{ position: 0 }] }), poll],
  [
    'letter',
    'a letter without attributes',
    polls({ items: [], rejected: [{ position: 0, letter: { ...letter, attributes: undefined } }] }),
    poll,
  ],
  [
    'letter',
    'an attribute that would hide the error',
    polls({ items: [], rejected: [{ position: 0, letter: { ...letter, attributes: { error: 'x' } } }] }),
    poll,
  ],
  ['letter', 'a letter that is null', polls({ items: [], rejected: [{ position: 0, letter: null }] }), poll],
  [
    'letter',
    'a letter without a MillraceError',
    polls({ items: [], rejected: [{ position: 0, letter: { ...letter, error: new Error('x') } }] }),
    poll,
  ],
  ['poll-keys', 'a key too few', polls({ keys: ['a'] }), poll],
  ['poll-keys', 'keys are no array', polls({ keys: 'ab' }), poll],
  ['snapshot-mark', 'a mark is NaN', marks(Number.NaN), (reader) => reader.snapshot(0)],
  ['snapshot-mark', 'no snapshot', { snapshot: () => undefined }, (reader) => reader.snapshot(0)],
  ['snapshot-mark', 'marks fall', marks(1, 0), snapshotTwice],
  ['snapshot-pages', 'pages are no Map', { snapshot: () => ({ mark: 0, pages: {} }) }, (reader) => reader.snapshot(0)],
  ['promise', 'ready gives nothing', { ready: () => {} }, (reader) => reader.ready()],
  ['promise', 'whenDirty gives nothing', { whenDirty: () => {} }, (reader) => reader.whenDirty?.()],
  ['promise', 'failed is no promise', { failed: 'no' }],
  ['no-waiting', 'committed is async', { committed: failing }, (reader) => reader.committed(0)],
  ['awaited', 'awaited is no count', { awaited: Number.NaN }, (reader) => reader.awaited],
];

const writes = (...counts: unknown[]): Broken<SinkWriter<string>> => ({ write: () => counts.shift() });
const reports = (...given: object[]): Broken<SinkWriter<string>> => ({
  progress: () => ({ rejected: [], ...(given.length > 1 ? given.shift() : given[0]) }),
});
const write = (writer: SinkWriter<string>) => writer.write(['a', 'b']);
const progress = (times: number) => (writer: SinkWriter<string>) => {
  writer.write(['a', 'b', 'c']);
  for (let time = 0; time < times; time += 1) writer.progress();
};
const gaveUp = (...indices: unknown[]) => indices.map((index) => ({ index, letter }));

const WRITER: readonly Breach<SinkWriter<string>>[] = [
  ['methods', 'progress is missing', { progress: undefined }],
  ['write-count', 'write forgets its return', writes(undefined), write],
  ['write-count', 'write gives more than offered', writes(3), write],
  ['write-count', 'write gives NaN', writes(Number.NaN), write],
  ['write-count', 'write gives less than nothing', writes(-1), write],
  ['write-count', 'write gives half an item', writes(0.5), write],
  ['write-count', 'write is async', writes(Promise.resolve(2)), write],
  ['progress-delivered', 'nothing is reported', { progress: () => undefined }, progress(1)],
  ['progress-delivered', 'more delivered than taken', reports({ delivered: 4 }), progress(1)],
  ['progress-delivered', 'delivered falls', reports({ delivered: 2 }, { delivered: 1 }), progress(2)],
  ['progress-delivered', 'delivered is NaN', reports({ delivered: Number.NaN }), progress(1)],
  ['progress-rejected', 'rejected is missing', reports({ delivered: 1, rejected: undefined }), progress(1)],
  [
    'progress-rejected',
    'an item that was never taken is given up',
    reports({ delivered: 0, rejected: gaveUp(77) }),
    progress(1),
  ],
  ['progress-rejected', 'no item is given up', reports({ delivered: 0, rejected: gaveUp(undefined) }), progress(1)],
  [
    'progress-rejected',
    'an item is given up after it was delivered',
    reports({ delivered: 2 }, { delivered: 2, rejected: gaveUp(1) }),
    progress(2),
  ],
  [
    'progress-rejected',
    'an item is given up twice at once',
    reports({ delivered: 2, rejected: gaveUp(1, 1) }),
    progress(1),
  ],
  ['progress-rejected', 'an item is given up twice over', reports({ delivered: 0, rejected: gaveUp(1) }), progress(2)],
  ['letter', 'an item is given up without a letter', reports({ delivered: 0, rejected: [{ index: 0 }] }), progress(1)],
  ['promise', 'ready gives nothing', { ready: () => {} }, (writer) => writer.ready()],
  ['no-waiting', 'flush is async', { flush: failing }, (writer) => writer.flush()],
];

const row = { outbox: 0, bytes: new Uint8Array(1) };
const prepares = (prepared: unknown): Broken<DurableSinkWriter<string>> => ({ prepare: () => prepared });
const prepare = (writer: DurableSinkWriter<string>) => writer.prepare(['a', 'b']);

const DURABLE: readonly Breach<DurableSinkWriter<string>>[] = [
  ['methods', 'prepare is missing', { prepare: undefined }],
  ['outboxes', 'outboxes are missing', { outboxes: undefined }],
  ['outboxes', 'an outbox has no name', { outboxes: [breaking(new TextSender(), { name: '' })] }],
  ['outboxes', 'two outboxes have one name', { outboxes: [new TextSender(), new TextSender()] }],
  ['prepare-count', 'nothing is prepared', prepares(undefined), prepare],
  ['prepare-count', 'rejected is no array', prepares({ rows: [row, row], rejected: '' }), prepare],
  ['prepare-count', 'a row too few', prepares({ rows: [row], rejected: [] }), prepare],
  ['prepare-count', 'a row too many', prepares({ rows: [row, row, row], rejected: [] }), prepare],
  ['prepare-count', 'a row and a rejection for one item', prepares({ rows: [row, row], rejected: gaveUp(1) }), prepare],
  [
    'prepare-outbox',
    'a row for outbox 1 of one',
    prepares({ rows: [row, { ...row, outbox: 1 }], rejected: [] }),
    prepare,
  ],
  [
    'prepare-outbox',
    'a row for no outbox',
    prepares({ rows: [row, { ...row, outbox: undefined }], rejected: [] }),
    prepare,
  ],
  ['prepare-bytes', 'a row without bytes', prepares({ rows: [row, { outbox: 0 }], rejected: [] }), prepare],
  [
    'prepare-rejected',
    'an item that was not given is rejected',
    prepares({ rows: [row], rejected: gaveUp(2) }),
    prepare,
  ],
  ['prepare-rejected', 'no item is rejected', prepares({ rows: [row], rejected: gaveUp(Number.NaN) }), prepare],
  ['prepare-rejected', 'an item is rejected twice', prepares({ rows: [], rejected: gaveUp(0, 0) }), prepare],
  ['letter', 'an item is rejected without a letter', prepares({ rows: [row], rejected: [{ index: 0 }] }), prepare],
  ['end-rows', 'end gives no rows', { end: () => undefined }, (writer) => writer.end?.()],
  ['prepare-outbox', 'an end is for no outbox', { end: () => [{ ...row, outbox: 1 }] }, (writer) => writer.end?.()],
  ['promise', 'ready gives nothing', { ready: () => {} }, (writer) => writer.ready()],
  ['no-waiting', 'flush is async', { flush: failing }, (writer) => writer.flush()],
];

const rowsFrom = (seq: number) => [0, 1].map((index) => ({ seq: seq + index, bytes: new Uint8Array() }));
const snapshots = (...given: object[]): Broken<OutboxSender> => ({
  snapshot: () => ({ mark: 0, low: 3, refused: [], ...(given.length > 1 ? given.shift() : given[0]) }),
});
const snapshot = (times: number) => (sender: OutboxSender) => {
  sender.offer(rowsFrom(3));
  for (let time = 0; time < times; time += 1) sender.snapshot(9);
};
const refusedRows = (...seqs: unknown[]) => seqs.map((seq) => ({ seq, letter }));
const offer = (sender: OutboxSender) => [sender.offer(rowsFrom(3)), sender.next];

function jumps(this: { next: number }): number {
  this.next = 5;
  return 0;
}

/** Over rows 3 to 9 of the store. */
const SENDER: readonly Breach<OutboxSender>[] = [
  ['methods', 'offer is missing', { offer: undefined }],
  ['next', 'it begins below what is stored', { next: 2 }],
  ['next', 'it begins above what is stored', { next: 10 }],
  ['next', 'it begins nowhere', { next: undefined }],
  ['next', 'it takes rows and wants them again', { next: 3, offer: () => 2 }, offer],
  ['next', 'it takes nothing and goes on', { offer: jumps }, offer],
  ['offer-count', 'offer forgets its return', { offer: () => undefined }, offer],
  ['offer-count', 'offer takes more than it was offered', { offer: () => 3 }, offer],
  ['offer-count', 'offer takes NaN', { offer: () => Number.NaN }, offer],
  ['offer-count', 'offer takes less than nothing', { offer: () => -1 }, offer],
  ['urgency', 'urgency is no urgency', { urgency: 'later' }, (sender) => sender.urgency],
  ['awaited', 'awaited is no count', { awaited: -1 }, (sender) => sender.awaited],
  ['snapshot-mark', 'no snapshot', { snapshot: () => undefined }, snapshot(1)],
  ['snapshot-mark', 'a mark is NaN', snapshots({ mark: Number.NaN }), snapshot(1)],
  ['snapshot-mark', 'marks fall', snapshots({ mark: 1 }, { mark: 0 }), snapshot(2)],
  ['snapshot-low', 'all is complete, and nothing was offered', snapshots({ low: 9 }), (sender) => sender.snapshot(9)],
  ['snapshot-low', 'more is complete than was taken', snapshots({ low: 6 }), snapshot(1)],
  ['snapshot-low', 'low falls', snapshots({ low: 4 }, { low: 3 }), snapshot(2)],
  ['snapshot-low', 'low is below what is stored', snapshots({ low: 2 }), snapshot(1)],
  ['snapshot-low', 'low is NaN', snapshots({ low: Number.NaN }), snapshot(1)],
  ['snapshot-refused', 'refused is missing', snapshots({ refused: undefined }), snapshot(1)],
  ['snapshot-refused', 'a row that was never taken is refused', snapshots({ refused: refusedRows(77) }), snapshot(1)],
  [
    'snapshot-refused',
    'a row is refused after it was complete',
    snapshots({ low: 4 }, { low: 4, refused: refusedRows(3) }),
    snapshot(2),
  ],
  ['snapshot-refused', 'a row is refused twice', snapshots({ refused: refusedRows(4) }), snapshot(2)],
  ['letter', 'a row is refused without a letter', snapshots({ refused: [{ seq: 3 }] }), snapshot(1)],
  ['no-waiting', 'committed is async', { committed: failing }, (sender) => sender.committed(0)],
];

const record = (key: unknown, value: unknown = new Uint8Array()) => ({ key, value });
const ranges = (...records: object[]): Broken<Store> => ({ range: () => records });
const range = (store: Store) => [...store.range('b', 'd')];

const STORE: readonly Breach<Store>[] = [
  ['methods', 'commit is missing', { commit: undefined }],
  ['max-commit-bytes', 'maxCommitBytes is missing', { maxCommitBytes: undefined }],
  ['max-commit-bytes', 'maxCommitBytes is nothing', { maxCommitBytes: 0 }],
  ['max-key-bytes', 'maxKeyBytes is missing', { maxKeyBytes: undefined }],
  ['max-key-bytes', 'maxKeyBytes is too little for two names', { maxKeyBytes: 1_099 }],
  ['get-value', 'get gives null', { get: () => null }, (store) => store.get('a')],
  ['get-value', 'get gives text', { get: () => 'text' }, (store) => store.get('a')],
  ['range-record', 'a record without a value', ranges({ key: 'b' }), range],
  ['range-record', 'a record without a key', ranges(record(undefined)), range],
  ['range-order', 'a key below the range', ranges(record('a')), range],
  ['range-order', 'the upper end of the range', ranges(record('c'), record('d')), range],
  ['range-order', 'keys fall', ranges(record('c'), record('bb')), range],
  ['range-order', 'one key twice', ranges(record('c'), record('c')), range],
  ['promise', 'commit gives nothing', { commit: () => {} }, (store) => store.commit(new Map())],
  ['methods', 'renew is no function', { renew: true }],
  ['promise', 'renew gives nothing', { renew: () => {} }, (store) => store.renew?.()],
];

const restored = { state: undefined, low: 3, end: 9, rows: () => [] };
const stored = () => Object.assign(new TextSender(), { next: 3 });

describe('a guarded door tells what breaks its contract, by owner and rule', () => {
  for (const breach of READER) {
    it(`SourceReader, ${breach[0]}: ${breach[1]}`, () =>
      isTold('source "x" ', () => openReader('x', async () => breaking(textReader(['a']), breach[2])), breach));
  }
  for (const breach of WRITER) {
    it(`SinkWriter, ${breach[0]}: ${breach[1]}`, () =>
      isTold('sink "x" ', () => openWriter('x', async () => breaking(textWriter(), breach[2])), breach));
  }
  for (const breach of DURABLE) {
    it(`DurableSinkWriter, ${breach[0]}: ${breach[1]}`, () => {
      const empty = () => ({ ...restored, low: 0, end: 0 });
      const writer = breaking(senderWriter(new TextSender()), breach[2]);
      return isTold('sink "x" ', () => openDurableWriter('x', empty, async () => writer), breach);
    });
  }
  for (const breach of SENDER) {
    it(`OutboxSender, ${breach[0]}: ${breach[1]}`, () => {
      const writer = senderWriter(breaking(stored(), breach[2]));
      const open = async (): Promise<OutboxSender> => {
        const [sender] = (
          await openDurableWriter(
            'x',
            () => restored,
            async () => writer,
          )
        ).outboxes;
        assert.ok(sender !== undefined);
        return sender;
      };
      return isTold('sink "x" ', open, breach);
    });
  }
  for (const breach of STORE) {
    it(`Store, ${breach[0]}: ${breach[1]}`, async () => {
      const store = await new MemoryStores().open('x', 0);
      return isTold('the store of job "x" ', () => openStore('x', async () => breaking(store, breach[2])), breach);
    });
  }
});
