import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign } from '../../../../src/cluster/assignment/assign.js';

const nobody = { followers: [[], [], [], []], unfit: [], standbys: 0 };

test('a node that gives something away gives what the other is warm for', () => {
  const owners = ['a', 'a', 'a', 'a'];
  const followers = [[], [{ node: 'b', warm: true }], [{ node: 'b', warm: true }], [{ node: 'b', warm: false }]];
  const given = assign({ ...nobody, nodes: ['a', 'b'], owners, followers });
  assert.deepEqual(given.owners, ['a', 'b', 'b', 'a']);
});

test('without a node nobody has anything, and without another one nobody stands by', () => {
  const owners = ['a', undefined, 'a', 'b'];
  assert.deepEqual(assign({ ...nobody, nodes: [], owners, standbys: 1 }), {
    owners: [undefined, undefined, undefined, undefined],
    standbys: [[], [], [], []],
  });
  assert.deepEqual(assign({ ...nobody, nodes: ['a'], owners, standbys: 1 }), {
    owners: ['a', 'a', 'a', 'a'],
    standbys: [[], [], [], []],
  });
});

test('who has a partition and gives it away stands by for it, for no view is as warm', () => {
  const owners = ['a', 'a', 'a', 'a'];
  const given = assign({ ...nobody, nodes: ['a', 'b', 'c'], owners, standbys: 1 });
  const moved = [...owners.keys()].filter((partition) => given.owners[partition] !== 'a');
  assert.equal(moved.length, 2);
  assert.deepEqual(
    moved.map((partition) => given.standbys[partition]),
    [['a'], ['a']],
  );
});

test('standbys that are warm come first', () => {
  const followers = [
    [
      { node: 'b', warm: false },
      { node: 'c', warm: true },
    ],
  ];
  const given = assign({ nodes: ['a', 'b', 'c', 'd'], owners: ['a'], followers, unfit: [], standbys: 3 });
  assert.deepEqual(given.standbys, [['c', 'b', 'd']]);
});

test('who cannot open a partition has it no more, keeps the rest, and gets nothing else while another node is well', () => {
  const owners = ['a', 'a', 'b', 'b'];
  const given = assign({ ...nobody, nodes: ['a', 'b'], owners, unfit: [['a'], [], [], []] });
  assert.deepEqual(given.owners, ['b', 'a', 'b', 'b']);
  const three = assign({ ...nobody, nodes: ['a', 'b', 'c'], owners: given.owners, unfit: [['a'], [], [], []] });
  assert.equal(three.owners[1], 'a');
  assert.deepEqual([...three.owners].sort(), ['a', 'b', 'b', 'c']);
});

test('where no node is well each has what it can open, and what nobody can open stays', () => {
  const owners = ['a', 'a', 'b', 'b'];
  const unfit = [['a'], ['a', 'b'], ['b'], []];
  assert.deepEqual(assign({ ...nobody, nodes: ['a', 'b'], owners, unfit }).owners, ['b', 'a', 'a', 'b']);
  assert.deepEqual(assign({ ...nobody, nodes: ['a'], owners, unfit }).owners, ['a', 'a', 'a', 'a']);
});

test('a node that was unfit and is not any more has its share again', () => {
  const given = assign({ ...nobody, nodes: ['a', 'b'], owners: ['b', 'b', 'b', 'b'], unfit: [[], [], [], []] });
  assert.deepEqual([...given.owners].sort(), ['a', 'a', 'b', 'b']);
});
