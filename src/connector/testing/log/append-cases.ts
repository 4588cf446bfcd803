import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { LogEntry } from '../../../store/log/partition-log.js';
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

/** PL3: that there has never been a record is known, and no guess. */
const isEmpty: LogRun = async ({ log, reopen }) => {
  assert.equal(await log.last(), undefined);
  assertEntries(await readAll(log, 0, 0), []);
  await log.trim(0);
  assert.equal(await (await reopen()).last(), undefined);
};

const keepsOrder: LogRun = async (scene) => {
  const before = await appendSome(scene.log, 20);
  await assertHas(scene.log, before, scene);
  const reopened = await scene.reopen();
  await assertHas(reopened, before, scene);
  await assertHas(reopened, [...before, ...(await appendSome(reopened, 5, lastSeq(before)))], scene);
};

/** The sizes at which a log may split, pad or align: an empty one, those around a page and around a message of a server. */
const SIZES = [0, 1, 7, 8, 34, 4_095, 4_096, 4_097, 65_536, 524_287, 524_288, 1_048_575, 1_048_576, 5_000_000, 3];

const keepsSizes: LogRun = async (scene) => {
  const { maxRecordBytes } = scene.log;
  assert.ok(maxRecordBytes >= 1_048_576, `${maxRecordBytes} bytes are too few`);
  const entries = await appendAll(
    scene.log,
    SIZES.filter((size) => size <= maxRecordBytes),
  );
  await assertHas(scene.log, entries, scene);
  await assertHas(await scene.reopen(), entries, scene);
};

const takesTheLargest: LogRun = async (scene) => {
  const entries = await appendAll(scene.log, [10, scene.log.maxRecordBytes, 10]);
  await assertHas(await scene.reopen(), entries, scene);
};

/** PL2: who has appended is told that nothing was written, and may go on. */
const refusesTooLarge: LogRun = async (scene) => {
  const { log } = scene;
  const before = await appendSome(log, 2);
  const tooLarge = new Uint8Array(log.maxRecordBytes + 1);
  await rejectsWith('INVALID_OPTIONS', log.append(tooLarge, lastSeq(before)));
  await assertHas(log, before, scene);
  await assertHas(log, [...before, ...(await appendSome(log, 2, lastSeq(before)))], scene);
};

/** PL1: A log that knows a record by its bytes would take the second for a repetition of the first. */
const keepsEqualOnes: LogRun = async (scene) => {
  const entries: LogEntry[] = [];
  for (let round = 0; round < 3; round += 1) {
    const record = recordOf(7);
    entries.push({ seq: await scene.log.append(record, lastSeq(entries)), record });
  }
  await assertHas(scene.log, entries, scene);
};

/** PL1: behind `expected` or not at all, whichever of the places before it is named, and also at the next attempt. */
const refusesPlacesBefore: LogRun = async (scene) => {
  const { log } = scene;
  const before = await appendSome(log, 3);
  for (const expected of [0, ...before.slice(0, -1).map(({ seq }) => seq)]) {
    await rejectsWith('STORE_FENCED', log.append(recordOf(99), expected));
    await rejectsWith('STORE_FENCED', log.append(recordOf(99), expected));
  }
  await assertHas(log, before, scene);
  const all = [...before, ...(await appendSome(log, 1, lastSeq(before)))];
  await assertHas(log, all, scene);
  await assertHas(await scene.reopen(), all, scene);
};

/** A writer uses its memory again, and what a reader got stays as it was. */
const givesBytesAway: LogRun = async ({ log, until }) => {
  const record = recordOf(1);
  const entry: LogEntry = { seq: await log.append(record, 0), record: Buffer.from(record) };
  record.fill(9);
  await until(async () => (await log.last()) !== undefined, 'the record is the last one');
  const [first] = await readAll(log, 0, entry.seq);
  const last = await log.last();
  for (const found of [first, last]) {
    assertEntries(found === undefined ? [] : [found], [entry]);
    found?.record.fill(0);
  }
  assertEntries(await readAll(log, 0, entry.seq), [entry]);
};

/** A commit that was called before `close` is durable, one behind it is refused. */
const closesAfterAppend: LogRun = async (scene) => {
  const { log } = scene;
  const before = await appendSome(log, 2);
  const record = recordOf(5, 300_000);
  let outcome: PromiseSettledResult<number> | undefined;
  void Promise.allSettled([log.append(record, lastSeq(before))]).then(([settled]) => {
    outcome = settled;
  });
  const closing = log.close();
  await rejectsWith('INVALID_STATE', log.append(recordOf(6), lastSeq(before)));
  await Promise.all([closing, log.close()]);
  await setImmediate();
  assert.ok(outcome?.status === 'fulfilled', 'it was closed before the record was in');
  await assertHas(await scene.reopen(), [...before, { seq: outcome.value, record }], scene);
};

const isClosed: LogRun = async ({ log }) => {
  const entries = await appendSome(log, 2);
  await log.close();
  await log.close();
  await rejectsWith('INVALID_STATE', log.append(recordOf(1), lastSeq(entries)));
  await rejectsWith('INVALID_STATE', log.last());
  await rejectsWith('INVALID_STATE', log.trim(1));
  await rejectsWith('INVALID_STATE', readAll(log, 0, lastSeq(entries)));
};

/** What holds for what is appended. */
export const APPEND_CASES: readonly NamedLogRun[] = [
  ['a new one has no record', isEmpty],
  ['records are read in the order in which they entered, and again after it was opened anew', keepsOrder],
  ['records of any size come back as they were', keepsSizes],
  ['a record may be as large as it says', takesTheLargest],
  ['PL2: a record that is too large is refused, nothing is written, and the log goes on', refusesTooLarge],
  ['PL1: records of the same bytes are each one of their own', keepsEqualOnes],
  ['PL1: a record enters behind the last one only', refusesPlacesBefore],
  ['bytes are the writer’s again when it is in, and the reader’s for good', givesBytesAway],
  ['closing waits for the append under way, and may be called twice', closesAfterAppend],
  ['one that is closed does nothing more', isClosed],
];
