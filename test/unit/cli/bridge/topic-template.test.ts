import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTopicTemplate } from '../../../../src/cli/bridge/topic-template.js';

const fill = (template: string, topic: string) => parseTopicTemplate(template).fill(topic);

test('the whole topic and single levels, counted from 1, are filled in', () => {
  assert.equal(fill('{topic}', 'a/b/c'), 'a/b/c');
  assert.equal(fill('copy/{topic}', 'a/b'), 'copy/a/b');
  assert.equal(fill('{level.2}/{level.1}/x{level.3}', 'a/b/c'), 'b/a/xc');
  assert.equal(fill('{topic}/{topic}', 'a'), 'a/a');
  assert.equal(fill('fixed', 'a/b'), 'fixed');
});

test('an empty level is a level', () => {
  assert.equal(fill('{level.1}-{level.2}', '/a'), '-a');
});

test('doubled braces are the braces themselves', () => {
  assert.equal(fill('a{{b}}/{topic}', 't'), 'a{b}/t');
  assert.equal(fill('{{topic}}', 't'), '{topic}');
});

test('a received topic is never read as a template', () => {
  assert.equal(fill('x/{topic}', '{topic}/{level.1}'), 'x/{topic}/{level.1}');
});

test('a topic without the level is an error that names topic and level', () => {
  assert.throws(() => fill('{level.3}', 'a/b'), { code: 'INVALID_TOPIC', message: "the topic 'a/b' has no level 3" });
});

for (const [template, message] of [
  ['{level.0}', /counts from 1/],
  ['{level.x}', /unknown/],
  ['{Topic}', /unknown/],
  ['{}', /unknown/],
  ['a/{topic', /partner/],
  ['a}/b', /partner/],
  ['a/+/b', /cannot hold/],
  ['a/#', /cannot hold/],
] as const) {
  test(`the template ${template} is refused as wrong usage`, () => {
    assert.throws(() => parseTopicTemplate(template), { code: 'INVALID_OPTIONS', message });
  });
}
