import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign } from '../../src/cluster/assignment/assign.js';
import type { Assignment, Follower, Situation } from '../../src/cluster/assignment/situation.js';
import { fewestMoves, fewestMovesTried, spread } from '../support/cluster/fewest-moves.js';
import { fc } from '../support/fast-check.js';
import { fullRun } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

const situations = (most: { readonly nodes: number; readonly partitions: number }): fc.Arbitrary<Situation> =>
  fc
    .record({
      nodes: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: most.nodes, size: 'max' }),
      parts: fc.array(
        fc.record({
          owner: fc.option(fc.constantFrom(...NAMES, 'gone'), { nil: undefined }),
          followers: fc.uniqueArray(fc.record({ node: fc.constantFrom(...NAMES, 'gone'), warm: fc.boolean() }), {
            selector: ({ node }) => node,
            maxLength: 3,
          }),
        }),
        { maxLength: most.partitions, size: 'max' },
      ),
      standbys: fc.nat(3),
    })
    .map(({ nodes, parts, standbys }) => ({
      nodes,
      standbys,
      owners: parts.map(({ owner }) => owner),
      followers: parts.map(({ followers }) => followers),
      unfit: [],
    }));

const moved = ({ nodes, owners }: Situation, now: Assignment): number =>
  owners.filter((owner, partition) => owner !== undefined && nodes.includes(owner) && now.owners[partition] !== owner)
    .length;

/** What it gave, as what is there. */
const settled = (situation: Situation, { owners, standbys }: Assignment): Situation => ({
  ...situation,
  owners,
  followers: standbys.map((nodes) => nodes.map((node): Follower => ({ node, warm: true }))),
});

const checkOwners = (situation: Situation, given: Assignment): void => {
  assert.equal(given.owners.length, situation.owners.length);
  for (const owner of given.owners) assert.ok(owner !== undefined && situation.nodes.includes(owner));
  assert.ok(spread(situation.nodes, given.owners) <= 1, 'balanced');
  assert.equal(moved(situation, given), fewestMoves(situation.nodes, situation.owners), 'the fewest moves');
};

const checkStandbys = ({ nodes, standbys }: Situation, given: Assignment): void => {
  const wanted = Math.min(standbys, nodes.length - 1);
  const loads = new Map<string, number>();
  for (const [partition, chosen] of given.standbys.entries()) {
    assert.equal(chosen.length, wanted);
    assert.equal(new Set([given.owners[partition], ...chosen]).size, wanted + 1, 'each once, and not the owner');
    for (const node of chosen) loads.set(node, (loads.get(node) ?? 0) + 1);
  }
  const share = Math.ceil((given.owners.length * wanted) / nodes.length);
  assert.ok(Math.max(0, ...loads.values()) <= share, 'no node follows more than its share, rounded up');
};

test('the count of the fewest moves is what trying all assignments finds', LIMIT, () => {
  fc.assert(
    fc.property(situations({ nodes: 3, partitions: 7 }), ({ nodes, owners }) => {
      assert.equal(fewestMoves(nodes, owners), fewestMovesTried(nodes, owners));
    }),
    { numRuns: fullRun ? 2000 : 200 },
  );
});

test('owners are balanced within one, and as few partitions move as can be', LIMIT, () => {
  fc.assert(
    fc.property(situations({ nodes: 7, partitions: 40 }), (situation) => checkOwners(situation, assign(situation))),
    { numRuns: fullRun ? 20_000 : 1000 },
  );
});

test('each partition has its standbys, never its owner, and they are spread', LIMIT, () => {
  fc.assert(
    fc.property(situations({ nodes: 7, partitions: 40 }), (situation) => checkStandbys(situation, assign(situation))),
    { numRuns: fullRun ? 20_000 : 1000 },
  );
});

test('what was assigned stays: the same again gives the same', LIMIT, () => {
  fc.assert(
    fc.property(situations({ nodes: 7, partitions: 40 }), (situation) => {
      const given = assign(situation);
      const again = settled(situation, given);
      const sets = ({ standbys }: Assignment) => standbys.map((nodes) => [...nodes].sort());
      const next = assign(again);
      assert.deepEqual(next.owners, given.owners);
      assert.deepEqual(sets(next), sets(given));
      assert.deepEqual(assign(settled(again, next)), next, 'the order of standbys, too');
    }),
  );
});

test('nodes agree: the order in which something was learned makes no difference', LIMIT, () => {
  fc.assert(
    fc.property(situations({ nodes: 7, partitions: 20 }), (situation) => {
      const otherwise = {
        ...situation,
        nodes: [...situation.nodes, ...situation.nodes].reverse(),
        followers: situation.followers.map((list) => [...list].reverse()),
      };
      assert.deepEqual(assign(otherwise), assign(situation));
    }),
  );
});

test('what needs an owner goes to a warm node, unless those are full with what they had or are warm for', LIMIT, () => {
  fc.assert(
    fc.property(situations({ nodes: 5, partitions: 20 }), (situation) => {
      const given = assign(situation);
      const isWarm = (partition: number, node: string | undefined) =>
        situation.followers[partition]?.some((follower) => follower.warm && follower.node === node) === true;
      const cold = given.owners.flatMap((owner, partition) =>
        owner === situation.owners[partition] || isWarm(partition, owner) ? [] : [partition],
      );
      for (const partition of cold) {
        const warm = situation.nodes.filter((node) => isWarm(partition, node) && node !== situation.owners[partition]);
        for (const node of warm) {
          const got = [...given.owners.keys()].filter((other) => given.owners[other] === node);
          assert.ok(
            got.every((other) => situation.owners[other] === node || isWarm(other, node)),
            `${partition} could have gone to ${node}`,
          );
        }
      }
    }),
    { numRuns: fullRun ? 20_000 : 1000 },
  );
});

/** Some nodes cannot open some partitions. */
const ailing = (most: { readonly nodes: number; readonly partitions: number }): fc.Arbitrary<Situation> =>
  fc
    .tuple(
      situations(most),
      fc.array(fc.uniqueArray(fc.constantFrom(...NAMES, 'gone'), { maxLength: 3 }), { maxLength: most.partitions }),
    )
    .map(([situation, unfit]) => ({ ...situation, unfit }));

test(
  'nobody has what it cannot open while another can, who is ailing gets nothing while one is well, and it is stable',
  LIMIT,
  () => {
    fc.assert(
      fc.property(ailing({ nodes: 5, partitions: 20 }), (situation) => {
        const { nodes, owners, unfit } = situation;
        const given = assign(situation);
        const ill = new Set(unfit.slice(0, owners.length).flat());
        const well = nodes.filter((node) => !unfit.flat().includes(node));
        for (const [partition, owner] of given.owners.entries()) {
          assert.ok(owner !== undefined && nodes.includes(owner));
          const fit = nodes.filter((node) => unfit[partition]?.includes(node) !== true);
          if (fit.length > 0) assert.ok(fit.includes(owner), `${partition} at ${owner}, which cannot open it`);
          if (well.length > 0 && ill.has(owner)) assert.equal(owner, owners[partition], 'it had it before');
        }
        assert.deepEqual(assign(settled(situation, given)).owners, given.owners, 'stable');
      }),
      { numRuns: fullRun ? 20_000 : 1000 },
    );
  },
);

/** A history of nodes that come and go, one or several at a time; gives how many changes there were. */
const history = (seed: number, changes: number, partitions: number): void => {
  const random = new SeededRandom(seed);
  const alive = new Set(['n0']);
  let situation: Situation = {
    nodes: [],
    owners: Array<undefined>(partitions).fill(undefined),
    followers: Array.from({ length: partitions }, () => []),
    unfit: [],
    standbys: random.below(3),
  };
  for (let change = 0; change < changes; change++) {
    for (let some = 1 + random.below(2); some > 0; some--) {
      const node = `n${random.below(12)}`;
      if (!alive.delete(node) || alive.size === 0) alive.add(node);
    }
    situation = { ...situation, nodes: [...alive] };
    const given = assign(situation);
    checkOwners(situation, given);
    checkStandbys(situation, given);
    situation = settled(situation, given);
    assert.deepEqual(assign(situation).owners, given.owners, `seed ${seed}: nobody moves when nothing changed`);
  }
};

test(
  `${fullRun ? 100_000 : 2000} changes of the members: always balanced, the fewest moves, and then stable`,
  LIMIT,
  () => {
    const histories = fullRun ? 1000 : 20;
    for (let seed = 0; seed < histories; seed++) history(seed, 100, 1 + (seed % 64));
  },
);

test('a thousand partitions: always balanced, the fewest moves, and then stable', LIMIT, () => {
  history(1, fullRun ? 300 : 20, 1000);
});
