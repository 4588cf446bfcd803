import assert from 'node:assert/strict';
import { LogWriter } from '../../../store/log/log-writer.js';
import type { LogEntry, PartitionLog } from '../../../store/log/partition-log.js';
import { follow } from '../../../store/log/record/follow.js';
import { LOG_START } from '../../../store/log/record/log-point.js';
import { rejectsWith } from '../rejects-with.js';
import { appendAll, appendSome, assertHas, type LogRun, lastSeq, type NamedLogRun, recordOf } from './log-scene.js';

/** PL1: A zombie goes on where it was, and tries again. */
const shutsOut: LogRun = async (scene) => {
  const former = scene.log;
  const before = await appendSome(former, 3);
  const owner = await scene.openRival();
  const taken = await appendSome(owner, 1, lastSeq(before));
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await rejectsWith('STORE_FENCED', former.append(recordOf(50 + attempt), lastSeq(before)));
  }
  const all = [...before, ...taken, ...(await appendSome(owner, 2, lastSeq(taken)))];
  await rejectsWith('STORE_FENCED', former.append(recordOf(60, 600_000), lastSeq(taken)));
  await assertHas(owner, all, scene);
  await assertHas(former, all, scene);
};

/** PL1 under load: the two come first in turn. Records of some parts are the hard ones. */
const letsOneIn: LogRun = async (scene) => {
  let logs: readonly [PartitionLog, PartitionLog] = [scene.log, await scene.openRival()];
  const entries: LogEntry[] = [];
  for (let round = 0; round < 30; round += 1) {
    const size = round % 5 === 4 ? 1_000_000 : 100;
    entries.push(await race(logs, [recordOf(2 * round, size), recordOf(2 * round + 1, size)], lastSeq(entries)));
    logs = [logs[1], logs[0]];
  }
  await assertHas(logs[1], entries, scene);
};

/** Two append at one place: one enters, and the other is told so. */
const race = async (
  logs: readonly [PartitionLog, PartitionLog],
  records: readonly [Uint8Array, Uint8Array],
  expected: number,
): Promise<LogEntry> => {
  const [first, second] = await Promise.allSettled([
    logs[0].append(records[0], expected),
    logs[1].append(records[1], expected),
  ]);
  const [won, record, lost] = first.status === 'fulfilled' ? [first, records[0], second] : [second, records[1], first];
  assert.ok(won.status === 'fulfilled', `neither entered behind ${expected}`);
  assert.equal(lost.status === 'rejected' && lost.reason.code, 'STORE_FENCED', `both behind ${expected}`);
  return { seq: won.value, record };
};

/** C1, as each owner writes: it takes the log by a fence, appends, and is shut out by the next one. */
const changesHands: LogRun = async (scene) => {
  let [log, next] = [scene.log, await scene.openRival()];
  let owner = await LogWriter.take(log, 1);
  for (let epoch = 2; epoch <= 8; epoch += 1) {
    await owner.append('commit', recordOf(epoch, Math.min(epoch * 200_000, owner.maxBodyBytes)));
    const former = owner;
    owner = await LogWriter.take(next, epoch);
    await rejectsWith('STORE_FENCED', former.append('commit', recordOf(epoch)));
    await rejectsWith('STORE_FENCED', LogWriter.take(log, epoch - 1));
    [log, next] = [next, log];
  }
  let point = LOG_START;
  for await (const entry of scene.log.read(0, owner.head.seq)) {
    point = follow(point, entry, scene.log.location).point;
  }
  assert.deepEqual(point, owner.head);
};

/** The same where one owner comes after the other. */
const changesHandsInTurn: LogRun = async (scene) => {
  let { log } = scene;
  for (let epoch = 1; epoch <= 4; epoch += 1) {
    const owner = await LogWriter.take(log, epoch);
    await owner.append('commit', recordOf(epoch, epoch * 1_000));
    await owner.append('proof', new Uint8Array());
    log = await scene.reopen();
    await rejectsWith('STORE_FENCED', LogWriter.take(log, epoch));
  }
  const last = await log.last();
  let point = LOG_START;
  for await (const entry of log.read(0, last?.seq ?? 0)) point = follow(point, entry, log.location).point;
  assert.deepEqual([point.epoch, point.number], [4, 2]);
};

/** What is written in parts enters as one, or leaves nothing. */
const keepsBothWhole: LogRun = async (scene) => {
  const rival = await scene.openRival();
  const large = Math.min(scene.log.maxRecordBytes, 3_000_000);
  const entries = [...(await appendAll(scene.log, [large]))];
  for (let round = 0; round < 5; round += 1) {
    entries.push(await race([scene.log, rival], [recordOf(1, large), recordOf(2, 10)], lastSeq(entries)));
    entries.push(await race([rival, scene.log], [recordOf(3, 10), recordOf(4, large)], lastSeq(entries)));
  }
  await assertHas(rival, entries, scene);
};

/** What holds for those who own it, one after the other. */
export const OWNER_CASES: readonly NamedLogRun[] = [
  ['PL1: who is behind another owner gets nothing in any more', shutsOut, 'sharing'],
  ['PL1: of two that append at one place one enters', letsOneIn, 'sharing'],
  ['PL1: a large record and a small one at one place are not mixed', keepsBothWhole, 'sharing'],
  ['C1: a log that changes hands is one chain, and former owners are shut out', changesHands, 'sharing'],
  ['C1: owners one after the other write one chain', changesHandsInTurn],
];
