import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClusterManifest, settleClusterManifest } from '../../../../src/cluster/manifest/cluster-manifest.js';
import { MillraceError } from '../../../../src/errors/index.js';

const stored: ClusterManifest = {
  format: 1,
  partitions: 8,
  hash: 'fnv-1a',
  plan: ['source a', 'sink b'],
  epochBase: 40,
};

const settle = (wanted: Partial<ClusterManifest>, allowPlanChange = false, there = stored) =>
  settleClusterManifest({
    job: 'orders',
    stored: there,
    wanted: { ...stored, epochBase: 0, ...wanted },
    allowPlanChange,
  });

const refusal = (act: () => unknown): MillraceError => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    return error;
  }
  assert.fail('it was not refused');
};

test('the same is what is stored, with its base of epochs', () => {
  assert.equal(settle({}), stored);
});

test('another number of partitions, or another hash, is refused with both ways out, also where another plan is allowed', () => {
  for (const wanted of [{ partitions: 4 }, { hash: 'other' }]) {
    const error = refusal(() => settle(wanted, true));
    assert.equal(error.code, 'JOB_CHANGED');
    assert.match(error.message, /8|fnv-1a/);
    assert.match(error.advice ?? '', /under another name/);
  }
});

test('another plan is refused with what is gone and what is new, and takes the place of the stored one when it is allowed', () => {
  const plan = ['source a', 'sink c'];
  const error = refusal(() => settle({ plan }));
  assert.equal(error.code, 'JOB_CHANGED');
  assert.match(error.message, /without sink b and with sink c/);
  assert.deepEqual(settle({ plan }, true), { ...stored, plan });
});

test('the same parts in another order are another plan', () => {
  const error = refusal(() => settle({ plan: ['sink b', 'source a'] }));
  assert.match(error.message, /another order/);
});

test('a part more of a kind that is there already is another plan', () => {
  assert.equal(refusal(() => settle({ plan: ['source a', 'sink b', 'sink b'] })).code, 'JOB_CHANGED');
});

test('a newer format is refused before anything is compared', () => {
  const error = refusal(() => settle({ partitions: 4 }, true, { ...stored, format: 2 }));
  assert.equal(error.code, 'STORE_VERSION');
});
