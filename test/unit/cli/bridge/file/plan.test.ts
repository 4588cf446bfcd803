import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planDifference } from '../../../../../src/cli/bridge/file/plan/plan-difference.js';
import { possibleLoop, wayBack } from '../../../../../src/cli/bridge/file/plan/route-loops.js';
import { coversFilter, writtenFilter } from '../../../../../src/cli/bridge/file/plan/written-filter.js';
import { parseTopicTemplate } from '../../../../../src/cli/bridge/topic-template.js';
import { matchesFilter } from '../../../../../src/mqtt/protocol/topic.js';
import { rightPlan, TWO_WAY } from '../../../../support/bridge-files.js';

const differenceTo = async (text: string) => {
  const { added, removed, changed, same } = planDifference(await rightPlan(TWO_WAY), await rightPlan(text));
  return {
    added: added.map(({ route }) => route.name),
    removed: removed.map(({ before }) => before.name),
    changed: changed.map(({ after, facts, dropped }) => [after.name, facts, dropped]),
    same: same.map(({ name }) => name),
  };
};

test('a file that says the same in other words, another order or under another name of a broker changes nothing', async () => {
  const text = TWO_WAY.replaceAll('edge\n', 'fringe\n')
    .replace('  edge:\n', '  fringe:\n')
    .replace('[plant/#]', '\n      - plant/#');
  assert.deepEqual(await differenceTo(text), { added: [], removed: [], changed: [], same: ['up', 'down'] });
});

test('a filter that is read no more is dropped, of the same session alone', async () => {
  const text = TWO_WAY.replace('[plant/#]', '[press/#]');
  const same = ['down'];
  assert.deepEqual(await differenceTo(text), {
    added: [],
    removed: [],
    changed: [['up', ['filters'], ['plant/#']]],
    same,
  });
  const other = text.replace('clientId: site7-up', 'clientId: site8-up');
  assert.deepEqual((await differenceTo(other)).changed, [['up', ['clientId', 'filters'], []]]);
});

test('what is said of a broker changes the routes at it, a password too', async () => {
  const text = TWO_WAY.replace('${EDGE_PASSWORD}', 'another');
  assert.deepEqual((await differenceTo(text)).changed, [
    ['up', ['from.password'], []],
    ['down', ['to.password'], []],
  ]);
});

test('a name is the identity: a route under another one is a removed and an added one', async () => {
  const text = TWO_WAY.replace('  down:', '  back:');
  assert.deepEqual(await differenceTo(text), { added: ['back'], removed: ['down'], changed: [], same: ['up'] });
});

test('no fact of a route repeats a secret', async () => {
  const { routes } = await rightPlan(TWO_WAY);
  const facts = [...routes.values()].flatMap((route) => [...route.facts].flat());
  assert.ok(facts.includes('from.password'));
  assert.doesNotMatch(facts.join('\n'), /from-the-environment/);
});

test('a message comes back by the routes that read what it becomes, and by no other', async () => {
  const { routes } = await rightPlan(TWO_WAY);
  const [up, down] = [...routes.values()];
  assert.ok(up && down);
  assert.equal(wayBack(up, 'site7/plant/a', [up, down]), undefined);
  // what down makes of it is excluded from what up reads
  assert.equal(wayBack(up, 'site7/cmd/go', [up, down]), undefined);
  const open = { ...up, excluded: [] };
  assert.deepEqual(wayBack(open, 'site7/cmd/go', [open, down]), ['down', 'up']);
  // by what the filters and templates say, up publishes below site7/plant alone
  assert.equal(possibleLoop(up, [up, down]), undefined);
  const wide = {
    ...open,
    templateText: 'site7/{level.1}/{level.2}',
    template: parseTopicTemplate('site7/{level.1}/{level.2}'),
    filters: ['+/+', 'plant/#'],
  };
  assert.deepEqual(possibleLoop(wide, [wide, down]), ['down', 'up']);
});

test('what a template writes matches the filter that is made of it', () => {
  for (const [template, filter, topic, written] of [
    ['a/{topic}', 'x/+/#', 'x/y/z/w', 'a/x/+/#'],
    ['{topic}/a', 'x/#', 'x/y', 'x/#'],
    ['p{level.2}/{level.1}', '+/b', 'a/b', 'pb/+'],
    ['p{level.1}/{level.3}', '+/#', 'a/b/c', '+/+'],
    ['{{x}}/{level.1}', '$share/g/a', 'a', '{x}/a'],
  ] as const) {
    assert.equal(writtenFilter(template, filter), written);
    assert.ok(matchesFilter(written, parseTopicTemplate(template).fill(topic)));
  }
});

test('a filter covers another when all that matches that matches it', () => {
  for (const [wide, narrow, covers] of [
    ['#', 'a/#', true],
    ['a/#', 'a', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/#', false],
    ['a/b', 'a/+', false],
    ['#', '$SYS/a', false],
    ['a/+/c', 'a/+/c', true],
  ] as const)
    assert.equal(coversFilter(wide, narrow), covers, `${wide} ${narrow}`);
});

test('a route that takes over the session of a removed one is its heir, and drops the filters that are not its own', async () => {
  const text = TWO_WAY.replace('  up:', '  upward:').replace('[plant/#]', '[press/#]');
  const { added, removed } = planDifference(await rightPlan(TWO_WAY), await rightPlan(text));
  assert.deepEqual(
    added.map(({ route, dropped }) => [route.name, dropped]),
    [['upward', ['plant/#']]],
  );
  assert.deepEqual(
    removed.map(({ before, heir }) => [before.name, heir]),
    [['up', 'upward']],
  );
});
