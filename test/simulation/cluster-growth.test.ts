import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assign } from '../../src/cluster/assignment/assign.js';
import type { Situation } from '../../src/cluster/assignment/situation.js';
import type { Beat } from '../../src/cluster/claims/change.js';
import { ClaimsMachine } from '../../src/cluster/claims/claims-machine.js';
import { ClaimsWorld } from '../support/cluster/claims-world.js';
import { fewestMoves, spread } from '../support/cluster/fewest-moves.js';
import { countWork } from '../support/count-work.js';
import { fullRun } from '../support/full-run.js';
import { SUITE_LIMIT } from '../support/limits.js';

const LEASE = 3000;
const NODES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const [FEW, MANY] = [125, 1000] as const;
const SHARED = fullRun ? 1000 : 200;
/** What does not depend on the number of partitions makes it less, what depends on more than that makes it more. */
const FLAT = 1.15;

const settled = (nodes: readonly string[], partitions: number): Situation => {
  const fresh: Situation = {
    nodes,
    standbys: 1,
    owners: Array.from({ length: partitions }, () => undefined),
    followers: Array.from({ length: partitions }, () => []),
    unfit: [],
  };
  const { owners, standbys } = assign(fresh);
  return { ...fresh, owners, followers: standbys.map((some) => some.map((node) => ({ node, warm: true }))) };
};

/** Work for each partition, with many and with few. */
const growth = async (folder: string, prepare: (partitions: number) => () => void): Promise<number> => {
  const perPartition = async (partitions: number) => {
    const act = prepare(partitions);
    const work = await countWork(folder, act);
    assert.ok(work > partitions, 'the work was counted');
    return work / partitions;
  };
  return (await perPartition(MANY)) / (await perPartition(FEW));
};

/** A node that sees all others, the partitions shared out, and has what is its own. */
const machineOf = (partitions: number): ClaimsMachine => {
  const machine = new ClaimsMachine({ self: { node: 'a', run: 1 }, partitions, standbys: 1, leaseMs: LEASE });
  machine.decide(0);
  const { owners, followers } = settled(NODES, partitions);
  for (const [index, node] of NODES.entries()) {
    const having = (names: (partition: number) => boolean) => [...owners.keys()].filter(names);
    const running = having((partition) => owners[partition] === node);
    const warm = having((partition) => followers[partition]?.some((follower) => follower.node === node) === true);
    const beat: Beat = {
      node,
      run: index + 1,
      count: 1,
      leaseMs: LEASE,
      accepts: true,
      running,
      restarting: [],
      ended: [],
      unfit: [],
      warm,
      behind: [],
    };
    machine.handle({ type: 'beat', beat });
  }
  for (const [partition, owner] of owners.entries()) {
    const run = NODES.indexOf(owner ?? '') + 1;
    const claim = { partition, owner: { node: owner ?? '', run }, revision: partition + 100, epoch: partition + 100 };
    machine.handle({ type: 'claim', claim });
  }
  machine.beatSent(1, 0);
  machine.beatTaken(1);
  machine.handle({ type: 'caught-up' });
  return machine;
};

describe('many partitions', SUITE_LIMIT, () => {
  test('a thousand cost no more work each than a hundred: the assignment, when nothing changes, a node joins, and one dies', async () => {
    const cases: Record<string, (situation: Situation) => Situation> = {
      nothing: (situation) => situation,
      join: (situation) => ({ ...situation, nodes: [...NODES, 'new'] }),
      death: (situation) => ({ ...situation, nodes: NODES.slice(1) }),
    };
    for (const [name, change] of Object.entries(cases)) {
      const ratio = await growth('cluster/assignment', (partitions) => {
        const situation = change(settled(NODES, partitions));
        return () => assign(situation);
      });
      assert.ok(ratio <= FLAT, `${name}: ${ratio.toFixed(2)} times the work for each`);
    }
  });

  test('a thousand cost no more work each than a hundred: what a node decides', async () => {
    const ratio = await growth('cluster', (partitions) => {
      const machine = machineOf(partitions);
      return () => machine.decide(1);
    });
    assert.ok(ratio <= FLAT, `${ratio.toFixed(2)} times the work for each`);
  });

  test(`${SHARED}: shared out by eight nodes; a ninth gets its share by the fewest moves, a dead one's is taken over in two leases`, () => {
    const world = new ClaimsWorld({ seed: 1, partitions: SHARED, standbys: 0, leaseMs: LEASE, delayMs: 5 });
    for (const name of NODES) world.start(name);
    world.pass(20 * LEASE);
    const owners = () => world.runningAt().map(([owner]) => owner);
    const before = owners();
    assert.ok(spread(NODES, before) <= 1);
    world.drains = 0;
    world.start('new');
    world.pass(30 * LEASE);
    assert.equal(world.drains, fewestMoves([...NODES, 'new'], before));
    assert.ok(spread([...NODES, 'new'], owners()) <= 1);
    world.nodes.get('a')?.kill();
    world.pass(2 * LEASE);
    assert.ok(owners().every((owner) => owner !== undefined && owner !== 'a'));
  });
});
