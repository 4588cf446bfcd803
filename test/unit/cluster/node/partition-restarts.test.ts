import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartitionRestarts } from '../../../../src/cluster/node/partition-restarts.js';
import { MillraceError } from '../../../../src/errors/index.js';

const OPTIONS = { maxAttempts: 2, minBackoffMs: 10, maxBackoffMs: 50, userFunctions: false };
const AT_ONCE = { ranMs: 5, progressed: false };
const disk = new MillraceError('STORE_FULL', 'no space');
const servers = new MillraceError('STORAGE_FAILED', 'it is unknown whether a record is in', { retryable: true });
const broker = new MillraceError('CONNECTION_LOST', 'away', { retryable: true });

test('what is wrong with this node is tried again, and the third time in a row others come first', () => {
  const restarts = new PartitionRestarts(OPTIONS);
  const afters = Array.from({ length: 4 }, () => restarts.after(disk, AT_ONCE, true));
  assert.deepEqual(afters, [
    { type: 'again', waitMs: 10 },
    { type: 'again', waitMs: 20 },
    { type: 'unfit', failures: 3 },
    { type: 'again', waitMs: 40 },
  ]);
});

test('a run that went well, and a failure of another kind, begin the count of this node anew', () => {
  const restarts = new PartitionRestarts(OPTIONS);
  for (const ran of [AT_ONCE, AT_ONCE, { ranMs: 5, progressed: true }, AT_ONCE])
    assert.equal(restarts.after(disk, ran, true).type, 'again');
  restarts.after(servers, AT_ONCE, false);
  for (const ran of [AT_ONCE, AT_ONCE]) assert.equal(restarts.after(disk, ran, true).type, 'again');
  assert.equal(restarts.after(disk, AT_ONCE, true).type, 'unfit');
});

test('what is damaged at this node is no reason to give the job up, and what is damaged in the log is', () => {
  const damaged = new MillraceError('STORE_CORRUPT', 'its checksum is wrong');
  assert.equal(new PartitionRestarts(OPTIONS).after(damaged, AT_ONCE, true).type, 'again');
  assert.equal(new PartitionRestarts(OPTIONS).after(damaged, AT_ONCE, false).type, 'failed');
});

test('an outage of the servers is waited for however long it is, less and less often', () => {
  const restarts = new PartitionRestarts(OPTIONS);
  const waits = Array.from({ length: 5 }, () => restarts.after(servers, AT_ONCE, false));
  assert.deepEqual(
    waits,
    [10, 20, 40, 50, 50].map((waitMs) => ({ type: 'again', waitMs })),
  );
});

test('what may pass anywhere is tried as often as the options say, and an outage between does not begin that anew', () => {
  const restarts = new PartitionRestarts(OPTIONS);
  assert.deepEqual(restarts.after(broker, AT_ONCE, false), { type: 'again', waitMs: 10 });
  assert.equal(restarts.after(servers, AT_ONCE, false).type, 'again');
  assert.deepEqual(restarts.after(broker, AT_ONCE, false), { type: 'again', waitMs: 20 });
  assert.deepEqual(restarts.after(broker, AT_ONCE, false), { type: 'failed' });
});
