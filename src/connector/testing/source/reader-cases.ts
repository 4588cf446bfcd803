import assert from 'node:assert/strict';
import { MillraceError } from '../../../errors/millrace-error.js';
import { defineSource } from '../../define-source.js';
import type { SourceReader } from '../../source-reader.js';
import { settlesWithin } from '../settles-within.js';
import { upwards } from '../upwards.js';
import type { SourceScenario, SourceScene } from './source-harness.js';
import { commit, open, type Taken, take, withReader } from './take.js';

/** A second opening finds what the first has left: a lock, a listener, a client id that is still in use. */
const opensTwice = async <T>({ fixture }: SourceScene<T>): Promise<void> => {
  await (await open(fixture)).close();
  await (await open(fixture)).close();
};

/** Rule 5: an engine closes at its end and after a failure, and both may come. */
const closesTwice = async <T>({ fixture }: SourceScene<T>): Promise<void> => {
  const reader = await open(fixture);
  await Promise.all([reader.close(), reader.close()]);
  await reader.close();
};

/** Rule 5. `withReader` closes it: what was taken must not keep `close` waiting for a commit that never comes. */
const closesInFlight = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  await fixture.produce(5);
  await take(fixture, reader, { count: 5 });
};

/** `OpenContext.signal`: an opening that hangs keeps its job from ending. It may resolve all the same; then it is closed. */
const settlesWhenAborted = async <T>({ fixture }: SourceScene<T>): Promise<void> => {
  const abort = new AbortController();
  const opening = open(fixture, { signal: abort.signal });
  abort.abort(new MillraceError('ABORTED', 'by the case'));
  await (await opening.catch(() => undefined))?.close();
};

/** The same where no event will ever come: the signal has aborted before it is listened to. */
const settlesWhenAbortedBefore = async <T>({ fixture }: SourceScene<T>): Promise<void> => {
  const signal = AbortSignal.abort(new MillraceError('ABORTED', 'before'));
  await (await open(fixture, { signal }).catch(() => undefined))?.close();
};

/** `take` checks the positions. */
const givesInOrder = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  await fixture.produce(10);
  assert.deepEqual((await take(fixture, reader, { count: 10 })).sequences, upwards(0, 10));
};

/** Rule 1. What is not taken stays at the front: none is left out, none comes twice. */
const keepsToMax = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  await fixture.produce(7);
  const first = await take(fixture, reader, { count: 1, max: 1 });
  const rest = await take(fixture, reader, { count: 6, max: 2, before: first });
  assert.deepEqual([...first.sequences, ...rest.sequences], upwards(0, 7));
};

/** Rule 2. It finds a `ready` that is kept from before, and one that misses what comes while nobody asks. */
const isReadyAgain = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  let before: Taken | undefined;
  for (const sequence of upwards(0, 3)) {
    await fixture.produce(1);
    await reader.ready();
    before = await take(fixture, reader, { count: 1, max: 1, ...(before === undefined ? {} : { before }) });
    assert.deepEqual(before.sequences, [sequence]);
  }
};

/** Rule 2. It finds a `ready` that resolves only for what is there when it is asked for. */
const isReadyLater = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  const ready = reader.ready();
  await fixture.produce(1);
  await ready;
  assert.deepEqual((await take(fixture, reader, { count: 1 })).sequences, [0]);
};

/** Rule 3: a snapshot may be taken for a commit that is not made, and `committed` says no more than that a mark is durable. */
const takesMarksTwice = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  await fixture.produce(4);
  const { last } = await take(fixture, reader, { count: 4 });
  reader.snapshot(last);
  const { mark } = reader.snapshot(last);
  reader.committed(mark);
  reader.committed(mark);
};

/** A source may stop giving while much is not committed, as a broker with a window does; a commit must set it going again. */
const survivesSaturation = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  const produced = Promise.resolve(fixture.produce(300));
  const sequences: number[] = [];
  while (sequences.length < 300) {
    const { items, last, first } = reader.poll(Math.min(64, 300 - sequences.length));
    for (const item of items) sequences.push(fixture.sequenceOf(item));
    if (last >= first) continue;
    // nothing came for so long: it is saturated
    if (await settlesWithin(reader.ready(), 100)) continue;
    commit(reader, last);
  }
  await produced;
  assert.deepEqual(sequences, upwards(0, 300));
};

const givesMany = async <T>({ fixture }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  const produced = Promise.resolve(fixture.produce(2000));
  const taken = await take(fixture, reader, { count: 2000, commitEach: true });
  await produced;
  assert.deepEqual(taken.sequences, upwards(0, 2000));
};

const isOurs = (error: unknown): boolean => error instanceof MillraceError;

/** Whether `poll` throws a MillraceError. */
const pollFails = (reader: SourceReader<unknown>): boolean => {
  try {
    reader.poll(1);
    return false;
  } catch (error) {
    return isOurs(error);
  }
};

/** Rules 1 and 2: the engine waits in `ready`, or polls; in both it must learn of the failure, and of no other than a MillraceError. */
const tellsFailure = async <T>({ fixture, until }: SourceScene<T>, reader: SourceReader<T>): Promise<void> => {
  const polling = async (): Promise<never> => {
    for (;;) {
      await reader.ready();
      reader.poll(1);
    }
  };
  const failed = assert.rejects(polling(), isOurs);
  await fixture.fail?.();
  await failed;
  await until(() => pollFails(reader), 'poll throws');
};

/** `OpenSource`: every acknowledgement is made before the loop is left, so closing loses none. */
const worksAlone = async <T>({ fixture }: SourceScene<T>): Promise<void> => {
  const opened = await defineSource(fixture.source).open();
  await fixture.produce(5);
  const sequences: number[] = [];
  for await (const { item, ack } of opened) {
    sequences.push(fixture.sequenceOf(item));
    ack();
    if (sequences.length === 5) break;
  }
  await opened.close();
  assert.deepEqual(sequences, upwards(0, 5));
};

/** Cases of every open source, whatever it can give again. */
export const readerScenarios = <T>(failure: string | undefined): readonly SourceScenario<T>[] => [
  { name: 'opens and closes, twice over', items: 0, run: opensTwice },
  { name: 'closes twice', items: 0, run: closesTwice },
  { name: 'closes with items that were taken and not committed', items: 5, run: withReader(closesInFlight) },
  { name: 'an abort while opening settles the opening', items: 0, run: settlesWhenAborted },
  { name: 'opening with an aborted signal settles too', items: 0, run: settlesWhenAbortedBefore },
  {
    name: 'gives the items in order, at positions that ascend without a gap',
    items: 10,
    run: withReader(givesInOrder),
  },
  { name: 'poll never gives more than it was asked for', items: 7, run: withReader(keepsToMax) },
  { name: 'ready is armed again after each poll', items: 3, run: withReader(isReadyAgain) },
  { name: 'ready waits for an item that comes later', items: 1, run: withReader(isReadyLater) },
  {
    name: 'a mark may be committed twice, and a snapshot taken without one',
    items: 4,
    run: withReader(takesMarksTwice),
  },
  {
    name: 'goes on after it was saturated with items that nobody committed',
    items: 300,
    run: withReader(survivesSaturation),
  },
  { name: 'gives many items in order while they are committed', items: 2000, run: withReader(givesMany) },
  { name: 'a failure surfaces from ready and from poll', items: 0, skip: failure, run: withReader(tellsFailure) },
  { name: 'works without an engine, and breaking out of the loop closes it', items: 5, run: worksAlone },
];
