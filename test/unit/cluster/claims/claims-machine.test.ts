import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Beat, Claim } from '../../../../src/cluster/claims/change.js';
import { ClaimsMachine } from '../../../../src/cluster/claims/claims-machine.js';

const LEASE = 3000;
const A = { node: 'a', run: 1 };
const B = { node: 'b', run: 2 };

const beat = (owner: typeof A, count: number, more: Partial<Beat> = {}): Beat => ({
  ...owner,
  count,
  leaseMs: LEASE,
  accepts: true,
  running: [],
  restarting: [],
  ended: [],
  unfit: [],
  warm: [],
  behind: [],
  ...more,
});

const claim = (partition: number, owner: typeof A | undefined, revision: number): Claim => ({
  partition,
  owner,
  revision,
  epoch: revision,
});

/** Node a of a job of some partitions, and what it is told. */
class Rig {
  readonly machine: ClaimsMachine;
  now = 0;
  #count = 0;

  constructor(partitions = 2) {
    this.machine = new ClaimsMachine({ self: A, partitions, standbys: 0, leaseMs: LEASE });
  }

  /** A beat of a is taken and seen. */
  beats(): void {
    this.#count++;
    this.machine.beatSent(this.#count, this.now);
    this.machine.beatTaken(this.#count);
    this.sees(beat(A, this.#count));
  }

  sees(seen: Beat): void {
    this.machine.handle({ type: 'beat', beat: seen });
  }

  seesClaim(seen: Claim): void {
    this.machine.handle({ type: 'claim', claim: seen });
  }

  decide(): readonly unknown[] {
    return this.machine.decide(this.now).filter(({ type }) => !type.startsWith('node-'));
  }

  /** Time passes, and a goes on beating. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += LEASE / 4;
      this.machine.decide(this.now);
      this.beats();
    }
  }

  /** Both partitions run at a. */
  static running(): Rig {
    const rig = new Rig();
    rig.machine.decide(0);
    rig.beats();
    rig.machine.handle({ type: 'caught-up' });
    rig.decide();
    for (const partition of [0, 1]) {
      rig.machine.settle(partition, claim(partition, A, 10 + partition));
      for (const signal of ['fence', 'restore', 'open', 'run'] as const) rig.machine.pass(partition, signal);
    }
    rig.decide();
    assert.deepEqual(rig.machine.own.running, [0, 1]);
    return rig;
  }
}

test('nothing is claimed before all that is there was told, and one beat was taken', () => {
  const rig = new Rig();
  rig.machine.decide(0);
  rig.sees(beat(A, 0));
  rig.machine.handle({ type: 'caught-up' });
  assert.deepEqual(rig.decide(), [], 'no beat was taken');
  const other = new Rig();
  other.machine.decide(0);
  other.beats();
  assert.deepEqual(other.decide(), [], 'not caught up');
  other.machine.handle({ type: 'caught-up' });
  assert.deepEqual(other.decide(), [
    { type: 'claim', partition: 0, revision: 0 },
    { type: 'claim', partition: 1, revision: 0 },
  ]);
});

test('each action is said once, and a claim that was had is opened with its epoch', () => {
  const rig = new Rig();
  rig.machine.decide(0);
  rig.beats();
  rig.machine.handle({ type: 'caught-up' });
  assert.equal(rig.decide().length, 2);
  assert.deepEqual(rig.decide(), []);
  rig.machine.settle(0, claim(0, A, 7));
  assert.deepEqual(rig.decide(), [{ type: 'open', claim: claim(0, A, 7) }]);
  assert.deepEqual(rig.decide(), []);
});

test("a partition whose claim is another's since must stop at once", () => {
  const rig = Rig.running();
  rig.seesClaim(claim(0, B, 20));
  assert.deepEqual(rig.decide(), [{ type: 'stop', partition: 0, reason: { type: 'moved', by: 'b' } }]);
  assert.equal(rig.machine.stateOf(0), 'lost');
});

test('CM4: what ended by itself is claimed again from its own claim, for a higher epoch', () => {
  const rig = Rig.running();
  rig.machine.pass(1, 'end');
  assert.deepEqual(rig.decide(), [{ type: 'claim', partition: 1, revision: 11 }]);
  rig.machine.settle(1, claim(1, A, 12));
  assert.deepEqual(rig.decide(), [{ type: 'open', claim: claim(1, A, 12) }]);
});

test('a claim whose answer never came and which is ours is used, by claiming it again', () => {
  const rig = Rig.running();
  rig.machine.pass(1, 'end');
  rig.decide();
  rig.machine.settle(1, 'unknown');
  assert.deepEqual(rig.decide(), [], 'not at once');
  rig.seesClaim(claim(1, A, 12));
  assert.deepEqual(rig.decide(), [{ type: 'claim', partition: 1, revision: 12 }]);
});

test('a refused claim is not asked for again before the watch has told of the one that is there', () => {
  const rig = Rig.running();
  rig.machine.pass(1, 'end');
  rig.decide();
  rig.machine.settle(1, 'refused');
  assert.deepEqual(rig.decide(), []);
  rig.pass(3 * LEASE);
  rig.seesClaim(claim(1, B, 12));
  assert.deepEqual(rig.decide(), [{ type: 'claim', partition: 1, revision: 12 }], 'b is nobody that was seen');
});

test("a claim of ours with nothing behind it goes back when it should be another's", () => {
  const rig = Rig.running();
  rig.sees(beat(B, 1));
  rig.machine.pass(1, 'end');
  rig.machine.pass(0, 'drain');
  const [released] = [claim(1, A, 11)];
  rig.machine.leave();
  assert.deepEqual(rig.decide(), [{ type: 'release', claim: released, early: true }]);
});

test('a watch that was interrupted gives everybody a lease before their partitions are claimed', () => {
  const rig = Rig.running();
  rig.sees(beat(B, 1));
  rig.seesClaim(claim(0, B, 20));
  rig.decide();
  rig.machine.pass(0, 'end');
  rig.pass(LEASE / 2);
  rig.machine.handle({ type: 'interrupted' });
  rig.pass(LEASE);
  for (const told of [claim(0, B, 20), claim(1, A, 11)]) rig.seesClaim(told);
  rig.sees(beat(B, 1));
  rig.machine.handle({ type: 'caught-up' });
  assert.deepEqual(rig.decide(), []);
  rig.pass(LEASE - LEASE / 4);
  assert.deepEqual(rig.decide(), [], 'b may still be alive');
  rig.pass(LEASE / 4);
  rig.now += 1;
  assert.equal(rig.machine.stateOf(0), 'idle');
  rig.machine.settle(0, claim(0, A, 21));
  assert.deepEqual(rig.decide(), [{ type: 'open', claim: claim(0, A, 21) }], 'it was claimed in the last look');
});

test('while own beats are not seen coming back nobody is taken for dead', () => {
  const rig = Rig.running();
  rig.sees(beat(B, 1));
  rig.seesClaim(claim(0, B, 20));
  rig.decide();
  rig.machine.pass(0, 'end');
  for (let count = 100; rig.now < 4 * LEASE; count++) {
    rig.now += LEASE / 4;
    rig.machine.beatSent(count, rig.now);
    rig.machine.beatTaken(count);
    assert.deepEqual(rig.decide(), []);
  }
  rig.sees(beat(A, 200));
  assert.deepEqual(rig.decide(), [], 'and then everybody has a lease');
});

test('another process under the same id has this one stop all', () => {
  const rig = Rig.running();
  rig.sees(beat({ node: 'a', run: 9 }, 0));
  const stops = [0, 1].map((partition) => ({ type: 'stop', partition, reason: { type: 'superseded' } }));
  assert.deepEqual(rig.decide(), [...stops, { type: 'superseded' }]);
  assert.deepEqual(rig.decide(), [], 'it is said once');
});

test('a node that leaves is done when all was given back', () => {
  const rig = Rig.running();
  rig.machine.leave();
  assert.deepEqual(rig.decide(), [
    { type: 'drain', partition: 0 },
    { type: 'drain', partition: 1 },
  ]);
  for (const partition of [0, 1]) rig.machine.pass(partition, 'release');
  assert.equal(rig.decide().length, 2);
  assert.equal(rig.machine.hasLeft, false);
  rig.machine.settle(0, claim(0, undefined, 30));
  rig.machine.settle(1, 'refused');
  assert.equal(rig.machine.hasLeft, true);
});

test('what ended in order is given back as that, however often it is asked for, and what failed meanwhile is not', () => {
  const rig = Rig.running();
  rig.machine.leave();
  rig.decide();
  rig.machine.pass(0, 'release');
  rig.machine.pass(1, 'end');
  const releases = [
    { type: 'release', claim: claim(0, A, 10), early: false },
    { type: 'release', claim: claim(1, A, 11), early: true },
  ];
  assert.deepEqual(rig.decide(), releases);
  for (const partition of [0, 1]) rig.machine.settle(partition, 'unknown');
  rig.now += LEASE / 4;
  rig.beats();
  assert.deepEqual(rig.decide(), releases);
  rig.machine.settle(0, claim(0, undefined, 30));
  assert.equal(rig.machine.hasDelivered, false, 'nothing is known of 1');
  rig.machine.settle(1, { ...claim(1, undefined, 31), early: true });
  assert.deepEqual([rig.machine.hasLeft, rig.machine.hasDelivered], [true, false]);
  rig.seesClaim(claim(1, undefined, 32));
  assert.equal(rig.machine.hasDelivered, true);
});

test('the sources have ended when each partition runs at a node that says so', () => {
  const rig = Rig.running();
  rig.sees(beat(B, 1, { ended: [0] }));
  rig.sees(beat(A, 50, { ended: [1] }));
  for (const [partition, owner] of [A, A].entries()) rig.seesClaim(claim(partition, owner, 20 + partition));
  assert.equal(rig.machine.hasEnded, false, 'who says it of 0 does not have it');
  rig.sees(beat(A, 51, { ended: [0, 1] }));
  assert.equal(rig.machine.hasEnded, true);
  rig.machine.handle({ type: 'interrupted' });
  assert.equal(rig.machine.hasEnded, false);
});

test('CM2: who was to take a partition and died is not waited for', () => {
  const rig = Rig.running();
  rig.sees(beat(B, 1));
  assert.deepEqual(rig.decide(), [{ type: 'drain', partition: 1 }]);
  rig.machine.pass(1, 'release');
  rig.decide();
  rig.machine.settle(1, claim(1, undefined, 30));
  rig.pass(LEASE);
  rig.now += LEASE / 4;
  rig.machine.settle(1, claim(1, A, 31));
  for (const signal of ['fence', 'restore', 'open'] as const) rig.machine.pass(1, signal);
  rig.sees(beat({ node: 'c', run: 40 }, 1));
  assert.deepEqual(
    rig.decide().filter((action) => JSON.stringify(action).includes('drain')),
    [{ type: 'drain', partition: 1 }],
  );
});

test('what a former run of a node still says is not heard', () => {
  const rig = Rig.running();
  rig.sees(beat({ node: 'b', run: 9 }, 0, { accepts: false }));
  rig.sees(beat({ node: 'b', run: 2 }, 500));
  assert.deepEqual(rig.decide(), [], 'b takes nothing');
});

test('CM2: what does not run yet is given back at once, however many, and what runs one at a time', () => {
  const rig = new Rig(6);
  rig.machine.decide(0);
  rig.beats();
  rig.machine.handle({ type: 'caught-up' });
  assert.equal(rig.decide().length, 6);
  for (let partition = 0; partition < 6; partition++)
    rig.machine.settle(partition, claim(partition, A, 10 + partition));
  rig.decide();
  for (const partition of [0, 1, 2, 3, 4]) {
    for (const signal of ['fence', 'restore', 'open', 'run'] as const) rig.machine.pass(partition, signal);
  }
  rig.sees(beat(B, 1));
  assert.deepEqual(rig.decide(), [
    { type: 'drain', partition: 3 },
    { type: 'drain', partition: 5 },
  ]);
});

test('a node that was seen for the last time an hour ago is forgotten, once, by the first of those that are alive', () => {
  const rig = Rig.running();
  rig.sees(beat(B, 1));
  const forgotten: unknown[] = [];
  for (const end = rig.now + 3_600_000 + 2 * LEASE; rig.now < end; ) {
    rig.now += LEASE / 4;
    forgotten.push(...rig.machine.decide(rig.now).filter(({ type }) => type === 'forget'));
    rig.beats();
  }
  assert.deepEqual(forgotten, [{ type: 'forget', node: 'b' }]);
});

test('nobody is taken for idle while the watch is interrupted, for nothing is seen of them', () => {
  const rig = Rig.running();
  rig.machine.leave();
  rig.decide();
  for (const partition of [0, 1]) rig.machine.pass(partition, 'release');
  rig.decide();
  for (const partition of [0, 1]) rig.machine.settle(partition, claim(partition, undefined, 30 + partition));
  rig.sees(beat(B, 1));
  rig.seesClaim(claim(1, B, 40));
  assert.equal(rig.machine.isIdleEverywhere, false);
  rig.machine.handle({ type: 'interrupted' });
  assert.equal(rig.machine.isIdleEverywhere, false);
});

test('what was given back is over when the lease is, though nobody has answered', () => {
  const rig = Rig.running();
  rig.machine.leave();
  rig.decide();
  for (const partition of [0, 1]) rig.machine.pass(partition, 'release');
  rig.machine.handle({ type: 'interrupted' });
  rig.decide();
  assert.equal(rig.machine.hasLeft, false);
  rig.now += LEASE;
  rig.decide();
  assert.equal(rig.machine.hasLeft, true);
});
