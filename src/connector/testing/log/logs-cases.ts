import assert from 'node:assert/strict';
import { rejectsWith } from '../rejects-with.js';
import { appendSome, type LogFixture, type LogLimits, lastSeq, recordOf } from './log-scene.js';

type LogsRun = (fixture: LogFixture) => Promise<void>;

/** As for stores: file systems and servers take one for another, for a path, or not at all. */
const JOBS = ['job', 'Job', 'a/../b', '..', 'x'.repeat(300), `${'x'.repeat(300)}y`, 'Zähler 🙂', 'a.b*c>'];

const keepsApart: LogsRun = async ({ logs, again }) => {
  const whose = (index: number, partition: number): Buffer => recordOf(index * 2 + partition, 20);
  for (const [index, name] of JOBS.entries()) {
    for (const partition of [0, 1]) {
      const log = await logs.open(name, partition);
      assert.equal(await log.last(), undefined, name);
      await log.append(whose(index, partition), 0);
    }
  }
  const reopened = await again();
  for (const [index, name] of JOBS.entries()) {
    for (const partition of [0, 1]) {
      const log = await reopened.open(name, partition);
      const last = await log.last();
      assert.deepEqual(Buffer.from(last?.record ?? []), whose(index, partition), name);
    }
  }
  await reopened.close();
};

/** What a view was made from is known by it: a log that stands in the place of another must not be taken for it. */
const isItself: LogsRun = async ({ logs, again }) => {
  const places = [logs.open('job', 0), logs.open('job', 1), logs.open('other job', 0)];
  const opened = await Promise.all(places);
  const identities = opened.map(({ identity }) => identity);
  assert.equal(new Set(identities).size, identities.length, 'two logs have one identity');
  await opened[0]?.append(recordOf(1), 0);
  const reopened = await again();
  assert.equal((await reopened.open('job', 0)).identity, identities[0]);
  assert.equal((await reopened.open('job', 1)).identity, identities[1]);
  await reopened.close();
};

const saysWhetherShared =
  (shared: boolean): LogsRun =>
  async ({ logs }) => {
    assert.equal((await logs.open('job', 0)).shared, shared);
    await logs.close();
  };

const closesItsLogs: LogsRun = async ({ logs }) => {
  const log = await logs.open('job', 0);
  const appending = log.append(recordOf(1), 0);
  await Promise.all([logs.close(), logs.close()]);
  const seq = await appending;
  await rejectsWith('INVALID_STATE', log.append(recordOf(2), seq));
  await rejectsWith('INVALID_STATE', logs.open('job', 0));
  await logs.close();
};

const opensAgain: LogsRun = async ({ logs }) => {
  const first = await logs.open('job', 0);
  const entries = await appendSome(first, 3);
  await first.close();
  const second = await logs.open('job', 0);
  await appendSome(second, 1, lastSeq(entries));
  await logs.close();
};

const opensOnce: LogsRun = async ({ logs }) => {
  const first = await logs.open('job', 0);
  await rejectsWith('STORE_LOCKED', logs.open('job', 0));
  await logs.open('job', 1);
  await first.close();
  const [one, other] = await Promise.allSettled([logs.open('job', 0), logs.open('job', 0)]);
  assert.deepEqual([one.status, other.status], ['fulfilled', 'rejected']);
  await logs.close();
};

/** Before anything of theirs is made. */
const refusesNames: LogsRun = async ({ logs }) => {
  await rejectsWith('INVALID_OPTIONS', logs.open('', 0));
  await rejectsWith('INVALID_OPTIONS', logs.open('\udfff', 0));
  for (const partition of [-1, 0.5, Number.NaN]) await rejectsWith('INVALID_OPTIONS', logs.open('job', partition));
  await logs.close();
};

const SHARED = 'two may have a log open: whoever is behind gets nothing in';

/** What holds for the provider of logs. */
export const logsCases = ({
  sharing,
}: LogLimits): readonly (readonly [name: string, run: LogsRun, skip?: string | undefined])[] => [
  ['jobs and partitions have logs of their own', keepsApart],
  ['a log is the same one as long as it is there, and no other is', isItself],
  ['a log says whether another owner can take it', saysWhetherShared(sharing === undefined)],
  ['a log that was closed opens again', opensAgain],
  ['a partition is open once at a time', opensOnce, sharing === undefined ? SHARED : undefined],
  ['a provider that is closed has closed its logs and opens none', closesItsLogs],
  ['names that are none are refused', refusesNames],
];
