import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommitTiming } from '../../../../src/engine/durable/commit-timing.js';

const NEVER = Number.POSITIVE_INFINITY;

/** A commit that takes so long, and lets out what so many answers are to come for. Gives when it was durable. */
const commit = (timing: CommitTiming, sealedAt: number, tookMs: number, awaited: number): number => {
  timing.sealed(sealedAt);
  timing.durable(sealedAt + tookMs, [awaited]);
  return sealedAt + tookMs;
};

const waits = (timing: CommitTiming, now: number, awaited: number): boolean => {
  timing.observe(now, [awaited]);
  return timing.waits(now);
};

/** Commits of 1 ms, one after another, whose answers are all there so late after each. Gives when the next may be sealed. */
const commits = (timing: CommitTiming, from: number, count: number, answeredAfterMs: number): number => {
  let now = from;
  for (let n = 0; n < count; n += 1) {
    now = commit(timing, now, 1, 2) + answeredAfterMs;
    timing.observe(now, [0]);
  }
  return now;
};

describe('CommitTiming', () => {
  it('waits for nothing before the first commit, and where nothing is awaited', () => {
    const timing = new CommitTiming();
    assert.ok(!waits(timing, 0, 5));
    const now = commit(timing, 0, 1, 0);
    assert.ok(!waits(timing, now, 0));
    assert.equal(timing.deadline(), NEVER);
  });

  it('waits until the last answer is there', () => {
    const timing = new CommitTiming();
    const now = commit(timing, 0, 1, 3);
    assert.ok(waits(timing, now + 0.1, 3));
    assert.ok(waits(timing, now + 0.2, 1));
    assert.ok(!waits(timing, now + 0.3, 0));
    assert.equal(timing.deadline(), NEVER);
  });

  it('what is not asked for any more does not wait: a job at rest is not woken for it again and again', () => {
    for (const [afterMs, awaited] of [
      [0.2, 0],
      [1, 1],
    ] as const) {
      const timing = new CommitTiming();
      const now = commit(timing, 0, 1, 1);
      assert.ok(waits(timing, now + 0.1, 1));
      assert.deepEqual([timing.waiting, timing.deadline()], [true, now + 1]);
      timing.observe(now + afterMs, [awaited]);
      assert.deepEqual([timing.waiting, timing.deadline()], [false, NEVER]);
    }
  });

  it('waits as long as the last commit took, between 0.5 and 3 ms', () => {
    for (const [tookMs, waitMs] of [
      [0.05, 0.5],
      [0.8, 0.8],
      [1.5, 1.5],
      [20, 3],
    ] as const) {
      const timing = new CommitTiming();
      const now = commit(timing, 100, tookMs, 1);
      assert.ok(waits(timing, now + waitMs - 0.01, 1));
      assert.equal(timing.deadline(), now + waitMs);
      assert.ok(!waits(timing, now + waitMs, 1));
    }
  });

  it('waits no more where answers come too late four times, and again when they come in time', () => {
    const timing = new CommitTiming();
    let now = commits(timing, 0, 3, 1.5);
    assert.ok(waits(timing, commit(timing, now, 1, 1), 1), 'three are not enough');
    now = commits(timing, now, 1, 1.5);
    assert.ok(!waits(timing, commit(timing, now, 1, 1) + 0.1, 1), 'a broker far away');
    now = commits(timing, now, 1, 0.5);
    assert.ok(waits(timing, commit(timing, now, 1, 1) + 0.1, 1), 'nearer now');
  });

  it('a port whose answers are late keeps nobody from waiting for those of another one', () => {
    const timing = new CommitTiming();
    let now = 0;
    // a broker that has thousands to go through answers a few between two commits
    for (let owed = 5000; owed > 4950; owed -= 5) {
      timing.sealed(now);
      timing.observe(now + 1, [owed, 0]);
      timing.durable(now + 1, [owed + 5, 20]);
      timing.observe(now + 1.5, [owed + 3, 0]);
      now += 3;
      timing.observe(now, [owed, 0]);
    }
    timing.sealed(now);
    timing.observe(now + 1, [5000, 0]);
    timing.durable(now + 1, [5005, 20]);
    timing.observe(now + 1.3, [5003, 20]);
    assert.ok(timing.waits(now + 1.3), 'those of the other one come in time');
    timing.observe(now + 1.6, [5003, 0]);
    assert.ok(!timing.waits(now + 1.6), 'they are there');
  });

  it('an answer that is late by chance changes nothing', () => {
    const timing = new CommitTiming();
    let now = 0;
    for (let n = 0; n < 20; n += 1) now = commits(timing, commits(timing, now, 1, 1.5), 2, 0.5);
    assert.ok(waits(timing, commit(timing, now, 1, 1), 1));
  });

  it('commits that let out very much are a millisecond apart, even where answers are late: few would not be', () => {
    const timing = new CommitTiming();
    const now = commits(timing, 0, 8, 5);
    commit(timing, now, 0.3, 500);
    assert.ok(waits(timing, now + 0.9, 400));
    assert.equal(timing.deadline(), now + 1);
    assert.ok(!waits(timing, now + 1, 300));
    commit(timing, now + 1, 0.3, 10);
    assert.ok(!waits(timing, now + 1.31, 9));
  });

  it('a commit with very much state keeps the next one away, 100 ms at most from when it is durable, where nothing is awaited', () => {
    for (const [stateBytes, waitMs] of [
      [0, 0],
      [300, 0.01],
      [600_000, 20],
      [100_000_000, 100],
    ] as const) {
      const timing = new CommitTiming();
      timing.sealed(70, stateBytes);
      timing.durable(100, [0]);
      assert.equal(timing.gathers(100 + waitMs / 2), waitMs > 0);
      assert.ok(!timing.gathers(100 + waitMs + 0.001));
      timing.observe(100, [1]);
      assert.ok(!timing.gathers(100));
    }
  });
});
