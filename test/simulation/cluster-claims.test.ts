import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClaimsWorld, type WorldSettings } from '../support/cluster/claims-world.js';
import { fewestMoves, spread } from '../support/cluster/fewest-moves.js';
import { howMany } from '../support/full-run.js';
import { SUITE_LIMIT } from '../support/limits.js';

const LEASE = 3000;
const SEEDS = howMany({ sample: 2, full: 20 });
/** Enough for anything to come to rest that can, one at a time. */
const CALM = 20 * LEASE;

const settings = (seed: number, more: Partial<WorldSettings> = {}): WorldSettings => ({
  seed,
  partitions: 8,
  standbys: 0,
  leaseMs: LEASE,
  delayMs: 50,
  ...more,
});

const started = (made: WorldSettings, names: readonly string[]): ClaimsWorld => {
  const world = new ClaimsWorld(made);
  for (const name of names) world.start(name);
  world.pass(CALM);
  return world;
};

const owners = (world: ClaimsWorld): readonly (string | undefined)[] =>
  world.runningAt().map((nodes) => {
    assert.ok(nodes.length <= 1, `seed ${world.settings.seed}: ${nodes} can all write`);
    return nodes[0];
  });

/** C7: each partition runs, at one node, they are balanced, and then nobody moves any more. */
const checkCalm = (world: ClaimsWorld): void => {
  const { seed } = world.settings;
  const now = owners(world);
  assert.ok(
    now.every((owner) => owner !== undefined && world.living.includes(owner)),
    `seed ${seed}: ${now}`,
  );
  assert.ok(spread(world.living, now) <= 1, `seed ${seed}: not balanced: ${now}`);
  world.pass(CALM);
  assert.deepEqual(owners(world), now, `seed ${seed}: somebody moved for nothing`);
};

describe('claims of simulated nodes', SUITE_LIMIT, () => {
  test('nodes that begin together share the partitions, and nobody moves any more', () => {
    for (let seed = 0; seed < SEEDS; seed++) checkCalm(started(settings(seed), ['a', 'b', 'c']));
  });

  test('CM2: at a join the fewest partitions move, and of one node never two at once', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed, { partitions: 12 }), ['a', 'b']);
      const before = owners(world);
      world.drains = 0;
      world.start('c');
      world.start('d');
      for (let step = 0; step < CALM / 10; step++) {
        world.pass(10);
        const away = before.filter((owner, partition) => owner === 'a' && world.runningAt()[partition]?.length === 0);
        assert.ok(away.length <= 1, `seed ${seed}: ${away.length} partitions of a are away`);
      }
      assert.equal(world.drains, fewestMoves(['a', 'b', 'c', 'd'], before));
      assert.equal(world.drains, 6);
      checkCalm(world);
    }
  });

  test('what a dead node had runs elsewhere within two leases, and what the others had stays', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed), ['a', 'b', 'c']);
      const before = owners(world);
      world.nodes.get('b')?.kill();
      world.pass(2 * LEASE);
      const now = owners(world);
      for (const [partition, owner] of before.entries()) {
        if (owner === 'b') assert.ok(['a', 'c'].includes(now[partition] ?? ''), `seed ${seed}: partition ${partition}`);
        else assert.equal(now[partition], owner);
      }
      checkCalm(world);
    }
  });

  test('a node that leaves gives all back before its lease is over', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed), ['a', 'b', 'c']);
      world.nodes.get('b')?.leave();
      world.pass(LEASE / 2);
      assert.ok(
        owners(world).every((owner) => owner === 'a' || owner === 'c'),
        `seed ${seed}: ${owners(world)}`,
      );
    }
  });

  test('CM3: a node whose beats are not taken stops all before others begin', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed), ['a', 'b']);
      const cut = world.nodes.get('b');
      cut?.cut();
      world.pass(LEASE);
      assert.deepEqual(new Set(cut?.losses.map(({ type }) => type)), new Set(['beats-late']), `seed ${seed}`);
      world.pass(2 * LEASE);
      assert.deepEqual(new Set(owners(world)), new Set(['a']));
      cut?.mend();
      world.pass(CALM);
      checkCalm(world);
    }
  });

  test('a node that stood still for an hour takes nothing from those who were not still', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed), ['a', 'b', 'c']);
      world.nodes.get('b')?.pause();
      world.pass(3_600_000);
      const before = owners(world);
      world.drains = 0;
      world.nodes.get('b')?.resume();
      world.pass(CALM);
      assert.equal(world.drains, fewestMoves(['a', 'b', 'c'], before), `seed ${seed}`);
      checkCalm(world);
    }
  });

  test('with standbys a partition moves only to a node whose view is warm, and a dead one is taken over there', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed, { standbys: 1 }), ['a', 'b', 'c']);
      const joined = world.start('d');
      world.pass(LEASE);
      assert.ok(!joined.told.some(({ type }) => type === 'open'), `seed ${seed}: opened with a view that is behind`);
      world.pass(CALM);
      assert.ok(joined.told.some(({ type }) => type === 'open'));
      checkCalm(world);
    }
  });

  test('a process that is started again under its id has the former one end, and both its claims', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed), ['a', 'b']);
      const former = world.nodes.get('b');
      world.nodes.delete('b');
      world.start('b');
      world.pass(CALM);
      assert.ok(
        former?.losses.every(({ type }) => type === 'superseded' || type === 'moved'),
        `seed ${seed}`,
      );
      former?.kill();
      checkCalm(world);
    }
  });

  test('what a node with a broken disk cannot open runs elsewhere soon; what runs there stays, and it tries rarer and rarer', () => {
    for (let seed = 0; seed < howMany({ sample: 1, full: 4 }); seed++) {
      const world = started(settings(seed, { partitions: 9, standbys: seed % 2 }), ['b', 'c']);
      const broken = world.start('a');
      broken.broken = true;
      world.pass(60_000);
      const now = owners(world);
      assert.ok(!now.includes('a') && !now.includes(undefined), `seed ${seed}: ${now}`);
      assert.ok(broken.failures > 0, 'it has tried');
      const hours = Array.from({ length: howMany({ sample: 2, full: 4 }) }, () => {
        const before = broken.failures;
        const drained = world.drains;
        world.pass(3_600_000);
        assert.ok(world.drains - drained <= 1 + broken.failures - before, `seed ${seed}: moved without a reason`);
        return broken.failures - before;
      });
      assert.ok((hours[0] ?? 0) <= 24, `seed ${seed}: ${hours}`);
      // each of the two others gives it one to try, twice an hour
      for (const hour of hours.slice(1)) assert.ok(hour <= 2 * 2 * 3, `seed ${seed}: ${hours}`);
      broken.broken = false;
      world.pass(3_600_000);
      checkCalm(world);
    }
  });

  test('what the disk of a node broke under is taken over, and the node gets nothing in exchange', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = started(settings(seed), ['a', 'b', 'c']);
      const node = world.nodes.get('a');
      assert.ok(node !== undefined);
      const had = owners(world).flatMap((owner, partition) => (owner === 'a' ? [partition] : []));
      node.broken = true;
      for (const partition of had) node.crash(partition);
      world.pass(30_000);
      const now = owners(world);
      assert.ok(!now.includes('a') && !now.includes(undefined), `seed ${seed}: ${now}`);
      assert.equal(node.failures, 3 * had.length, `seed ${seed}: it has tried nothing but what it had`);
    }
  });

  test('the only node goes on trying what it cannot open, and another that comes has it at once', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const world = new ClaimsWorld(settings(seed, { partitions: 2 }));
      const only = world.start('a');
      only.broken = true;
      world.pass(600_000);
      const tried = only.failures;
      world.pass(60_000);
      assert.ok(only.failures > tried + 20, `seed ${seed}: it goes on trying`);
      const other = world.start('b');
      world.pass(15_000);
      assert.deepEqual(owners(world), ['b', 'b'], `seed ${seed}`);
      other.kill();
      only.broken = false;
      world.pass(15_000);
      assert.deepEqual(owners(world), ['a', 'a'], `seed ${seed}: and the only node again has what it could not open`);
    }
  });

  test('epochs that lag behind the logs are told, and no partition runs until they do not', () => {
    const world = new ClaimsWorld(settings(1));
    world.logs.fill(100_000);
    const node = world.start('a');
    world.pass(CALM);
    assert.ok(node.told.some(({ type }) => type === 'epochs-behind'));
    assert.ok(owners(world).every((owner) => owner === undefined));
  });

  const histories = howMany({ sample: 10, full: 500 });
  test(`${histories} histories of kills, pauses, cuts, joins and leaves: one writer, and calm after them`, () => {
    for (let seed = 0; seed < histories; seed++) {
      const world = new ClaimsWorld(
        settings(seed, { partitions: 1 + (seed % 13), standbys: seed % 3, delayMs: 1 + 400 * (seed % 2) }),
      );
      const names = ['a', 'b', 'c', 'd'];
      for (let event = 0; event < 30; event++) {
        const name = world.random.pick(names);
        const node = world.nodes.get(name);
        const what = world.random.pick(['start', 'start', 'kill', 'pause', 'resume', 'cut', 'mend', 'leave'] as const);
        if (what === 'start') world.start(name);
        else node?.[what]();
        world.pass(world.random.below(2 * LEASE));
        owners(world);
      }
      for (const name of names) if (world.nodes.get(name)?.isWell !== true) world.start(name);
      world.pass(3 * CALM);
      checkCalm(world);
    }
  });
});
