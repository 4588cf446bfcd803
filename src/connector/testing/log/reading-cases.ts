import assert from 'node:assert/strict';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { LogEntry, PartitionLog } from '../../../store/log/partition-log.js';
import { numbersFrom } from '../numbers-from.js';
import { rejectsWith } from '../rejects-with.js';
import {
  appendAll,
  appendSome,
  assertEntries,
  assertHas,
  type LogRun,
  lastSeq,
  type NamedLogRun,
  readAll,
  recordOf,
} from './log-scene.js';

/** PL4: a view asks for what lies behind the record that it has applied. */
const readsParts: LogRun = async ({ log }) => {
  const entries = await appendAll(log, [10, 300_000, 0, 70, 1_000, 20]);
  for (let from = 0; from <= entries.length; from += 1) {
    for (let to = from; to <= entries.length; to += 1) {
      const found = await readAll(log, entries[from - 1]?.seq ?? 0, entries[to - 1]?.seq ?? 0);
      assertEntries(found, entries.slice(from, to), `from ${from} to ${to}`);
    }
  }
};

/** A snapshot is read behind while commits go on. */
const readsWhileAppended: LogRun = async ({ log }) => {
  const before = await appendSome(log, 50);
  const found: LogEntry[] = [];
  let last = lastSeq(before);
  for await (const entry of log.read(0, last)) {
    found.push(entry);
    if (found.length % 5 === 0) last = lastSeq(await appendSome(log, 1, last));
  }
  assertEntries(found, before);
};

/** What is left in the middle holds nothing up, neither the next read nor closing. */
const mayBeLeft: LogRun = async ({ log }) => {
  const entries = await appendSome(log, 50);
  const abandoned = log.read(0, lastSeq(entries))[Symbol.asyncIterator]();
  await abandoned.next();
  for await (const entry of log.read(0, lastSeq(entries))) {
    assertEntries([entry], entries.slice(0, 1));
    break;
  }
  assertEntries(await readAll(log, 0, lastSeq(entries)), entries);
  await log.close();
};

/** PL4: who takes a read that ended early for whole would go on without the records that it did not get. */
const neverEndsEarly: LogRun = async ({ log }) => {
  const entries = await appendSome(log, 500);
  const reading = log.read(0, lastSeq(entries))[Symbol.asyncIterator]();
  await reading.next();
  await log.close();
  let count = 1;
  try {
    while ((await reading.next()).done !== true) count += 1;
  } catch (error) {
    assert.ok(error instanceof MillraceError && error.code === 'INVALID_STATE', String(error));
    return;
  }
  assert.equal(count, entries.length);
};

/** PL5, with the last one, by which the next owner finds its place. */
const trims: LogRun = async (scene) => {
  const entries = await appendAll(scene.log, [100, 300_000, 300_000, 10, 300_000, 20, 30]);
  let { log } = scene;
  for (const kept of [5, 5, 3, 1]) {
    const upTo = entries[entries.length - kept - 1]?.seq ?? 0;
    await log.trim(upTo);
    assertEntries(await readAll(log, upTo, lastSeq(entries)), entries.slice(-kept), `${kept} are kept`);
    log = await scene.reopen();
    assertEntries(await readAll(log, upTo, lastSeq(entries)), entries.slice(-kept), `${kept} are kept, opened anew`);
  }
};

/** PL5: it names a seq that is not reached, or the last one. */
const keepsTheLast: LogRun = async (scene) => {
  const entries = await appendSome(scene.log, 5);
  await scene.log.trim(lastSeq(entries));
  const log = await scene.reopen();
  await log.trim(lastSeq(entries) + 1_000);
  const last = await log.last();
  assertEntries(last === undefined ? [] : [last], entries.slice(-1));
  assertEntries(await readAll(log, entries[3]?.seq ?? 0, lastSeq(entries)), entries.slice(-1));
  await rejectsWith('STORE_FENCED', log.append(recordOf(9), 0));
  const next = await appendSome(log, 2, lastSeq(entries));
  assertEntries(await readAll(await scene.reopen(), lastSeq(entries), lastSeq(next)), next);
};

/** PL4: a log may keep more than it must. */
const tellsWhatIsGone: LogRun = async ({ log }) => {
  const entries = await appendAll(log, new Array<number>(8).fill(200_000));
  await log.trim(entries[5]?.seq ?? 0);
  for (const after of [0, entries[0]?.seq ?? 0, entries[4]?.seq ?? 0]) {
    try {
      const found = await readAll(log, after, lastSeq(entries));
      assertEntries(
        found,
        entries.filter(({ seq }) => seq > after),
        `behind ${after}`,
      );
    } catch (error) {
      assert.ok(error instanceof MillraceError && error.code === 'STORE_CORRUPT', String(error));
    }
  }
};

/** A log with what it must have, for a random series. */
interface Model {
  readonly entries: LogEntry[];
  /** Up to here it was trimmed. */
  trimmed: number;
}

const checkModel = async (log: PartitionLog, { entries, trimmed }: Model, what: string): Promise<void> => {
  const readable = entries.filter(({ seq }, index) => seq > trimmed || index === entries.length - 1);
  const after = entries[entries.length - readable.length - 1]?.seq ?? 0;
  assertEntries(await readAll(log, after, lastSeq(entries)), readable, what);
};

/** Appends, appends at former places, trims and openings in any order, against a list. */
const isLikeAList: LogRun = async (scene) => {
  const below = numbersFrom(11);
  const model: Model = { entries: [], trimmed: 0 };
  let { log } = scene;
  for (let step = 0; step < 150; step += 1) {
    const last = lastSeq(model.entries);
    const any = model.entries[below(model.entries.length || 1)]?.seq ?? 0;
    const choice = below(12);
    if (choice === 0) log = await scene.reopen();
    else if (choice === 1 && any < last) await rejectsWith('STORE_FENCED', log.append(recordOf(step), any));
    else if (choice === 2) {
      await log.trim(any);
      model.trimmed = Math.max(model.trimmed, any);
    } else model.entries.push(...(await appendAll(log, [below(3) === 0 ? below(90_000) : below(300)], last)));
    if (choice < 4) await checkModel(log, model, `step ${step}`);
  }
  await checkModel(await scene.reopen(), model, 'at the end');
};

const seesWhatIsIn: LogRun = async (scene) => {
  const rival = await scene.openRival();
  let entries: readonly LogEntry[] = [];
  for (let round = 0; round < 10; round += 1) {
    const [writer, reader] = round % 2 === 0 ? [scene.log, rival] : [rival, scene.log];
    entries = [...entries, ...(await appendAll(writer, [20, 40_000], lastSeq(entries)))];
    assertEntries(await readAll(reader, 0, lastSeq(entries)), entries, `round ${round}`);
  }
  await assertHas(rival, entries, scene);
};

/** What holds for what is read and trimmed. */
export const READING_CASES: readonly NamedLogRun[] = [
  ['PL4: a read gives every record behind its start, up to its end', readsParts],
  ['a read goes on while records are appended', readsWhileAppended],
  ['a read may be left in the middle', mayBeLeft],
  ['PL4: a read that is under way when the log is closed gives all, or ends with an error', neverEndsEarly],
  ['PL4: what another has appended is read, however it gets there', seesWhatIsIn, 'sharing'],
  ['PL4: a record that is gone is STORE_CORRUPT, never left out', tellsWhatIsGone],
  ['PL5: trimming keeps what is above its end', trims],
  ['PL5: trimming keeps the last record, and its place', keepsTheLast],
  ['any series of appends, trims and openings gives what a list gives', isLikeAList],
];
