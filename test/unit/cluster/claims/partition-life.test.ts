import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnPartitions } from '../../../../src/cluster/claims/own-partitions.js';
import {
  isHeld,
  PARTITION_LIFE,
  type PartitionSignal,
  type PartitionState,
} from '../../../../src/cluster/claims/partition-life.js';

const STATES = Object.keys(PARTITION_LIFE) as readonly PartitionState[];

test('a life in order goes through every state but restarting and lost', () => {
  const own = new OwnPartitions(1);
  const seen = [own.stateOf(0)];
  own.claim({ partition: 0, owner: undefined, revision: 1, epoch: 1 });
  seen.push(own.stateOf(0));
  for (const signal of ['fence', 'restore', 'open', 'run', 'drain', 'release'] as const) {
    own.pass(0, signal);
    seen.push(own.stateOf(0));
  }
  assert.deepEqual(new Set([...seen, 'restarting', 'lost']), new Set(STATES));
  own.pass(0, 'end');
  assert.equal(own.stateOf(0), 'idle');
});

test('whatever is held can be lost, and what is lost begins only after its end', () => {
  const held = STATES.filter(isHeld);
  assert.deepEqual(held, ['claimed', 'fenced-in', 'restoring', 'opening', 'running', 'restarting', 'draining']);
  for (const state of held) assert.equal(PARTITION_LIFE[state].lose, 'lost');
  for (const state of STATES) assert.equal(PARTITION_LIFE[state].claim, state === 'idle' ? 'claimed' : undefined);
});

test('what failed at any time before its end waits to be opened again, by its end and a new claim', () => {
  const begun = STATES.filter((state) => PARTITION_LIFE[state].fail === 'restarting');
  assert.deepEqual(begun, ['claimed', 'fenced-in', 'restoring', 'opening', 'running']);
  assert.deepEqual(PARTITION_LIFE.restarting, { drain: 'draining', lose: 'lost', end: 'idle' });
});

test('who learns late that it is to end does not bring a partition back by getting further', () => {
  for (const signal of ['fence', 'restore', 'open', 'run', 'fail'] as const satisfies readonly PartitionSignal[]) {
    assert.deepEqual([PARTITION_LIFE.draining[signal], PARTITION_LIFE.lost[signal]], ['draining', 'lost']);
  }
});

test('what cannot happen is an error', () => {
  assert.throws(() => new OwnPartitions(1).pass(0, 'run'), { code: 'INTERNAL' });
});
