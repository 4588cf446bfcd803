import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import {
  checkTopicFilter,
  checkTopicName,
  filtersOverlap,
  matchesFilter,
} from '../../../../src/mqtt/protocol/index.js';
import { topicNameProblem } from '../../../../src/mqtt/protocol/topic.js';

const isInvalid = (error: unknown): boolean => error instanceof MillraceError && error.code === 'INVALID_TOPIC';

describe('checkTopicName', () => {
  for (const topic of [
    'a',
    '/',
    'a//b',
    ' ',
    '$SYS/x',
    'ä/ö',
    '\u{2A6D4}',
    '\uFEFFa',
    'x'.repeat(65_535),
    '/'.repeat(30_000),
  ]) {
    it(`takes ${JSON.stringify(topic.slice(0, 12))}`, () => checkTopicName(topic));
  }
  const bad: readonly (readonly [string, string])[] = [
    ['an empty name [MQTT-4.7.3-1]', ''],
    ['# [MQTT-4.7.0-1]', 'a/#'],
    ['+ [MQTT-4.7.0-1]', 'a+'],
    ['NUL [MQTT-4.7.3-2]', 'a\0'],
    ['65536 bytes [MQTT-4.7.3-3]', 'x'.repeat(65_536)],
    ['65538 bytes in fewer characters [MQTT-4.7.3-3]', '€'.repeat(21_846)],
    ['a lone surrogate [MQTT-1.5.4-1]', 'a\uD800b'],
  ];
  const unwise: readonly (readonly [string, string])[] = [
    ['control characters', 'a\u0001'],
    ['DEL', 'a\u007f'],
    ['C1 control characters', 'a\u0085'],
    ['non-characters', 'a\uFDD0'],
    ['non-characters of the last plane', 'a\u{10FFFF}'],
  ];
  for (const [what, topic] of unwise) {
    it(`takes ${what}, which a sender should leave out and a message may have come with`, () => checkTopicName(topic));
    it(`the topic of an option has no ${what}`, () => assert.notEqual(topicNameProblem(topic), undefined));
  }
  for (const [promise, topic] of bad)
    it(`refuses ${promise}`, () => assert.throws(() => checkTopicName(topic), isInvalid));
});

describe('checkTopicFilter', () => {
  for (const filter of [
    '#',
    '+',
    'a/#',
    '+/+',
    '/+',
    'a/+/b',
    '/',
    '$share/g/#',
    '$share/g//',
    '$share/g/+/a',
    '$shared/a',
  ]) {
    it(`takes ${filter}`, () => checkTopicFilter(filter));
  }
  const bad: readonly (readonly [string, string])[] = [
    ['an empty filter [MQTT-4.7.3-1]', ''],
    ['# before the end [MQTT-4.7.1-1]', 'a/#/b'],
    ['# beside text [MQTT-4.7.1-1]', 'a/b#'],
    ['+ beside text [MQTT-4.7.1-2]', 'a/b+/c'],
    ['$share without a filter [MQTT-4.8.2-2]', '$share/g'],
    ['$share with an empty filter [MQTT-4.8.2-2]', '$share/g/'],
    ['an empty share name [MQTT-4.8.2-1]', '$share//a'],
    ['a wildcard in the share name [MQTT-4.8.2-1]', '$share/+/a'],
    ['a bad filter in $share [MQTT-4.7.1-1]', '$share/g/#/a'],
  ];
  for (const [promise, filter] of bad) {
    it(`refuses ${promise}`, () => assert.throws(() => checkTopicFilter(filter), isInvalid));
  }
});

describe('matchesFilter', () => {
  const matching: readonly (readonly [string, string])[] = [
    ['a/b', 'a/b'],
    ['#', 'a/b'],
    ['#', '/'],
    ['a/#', 'a'],
    ['a/#', 'a/'],
    ['a/#', 'a/b/c'],
    ['+', 'a'],
    ['+/+', '/a'],
    ['/+', '/a'],
    ['a/+', 'a/'],
    ['+/b/#', 'a/b'],
    ['$SYS/#', '$SYS/x'],
    ['$SYS/+', '$SYS/x'],
    ['$share/g/a/#', 'a/b'],
  ];
  for (const [filter, topic] of matching)
    it(`${filter} matches ${topic}`, () => assert.ok(matchesFilter(filter, topic)));
  const not: readonly (readonly [string, string])[] = [
    ['a/b', 'a/B'],
    ['a/b', 'a/bc'],
    ['a/bc', 'a/b'],
    ['a', 'a/'],
    ['a/', 'a'],
    ['+', '/a'],
    ['+', 'a/b'],
    ['a/+', 'a'],
    ['a/#', 'ab'],
    ['a/+/#', 'a'],
    ['#', '$SYS/x'],
    ['+/x', '$SYS/x'],
    ['$share/g/#', '$SYS/x'],
  ];
  for (const [filter, topic] of not) {
    it(`${filter} does not match ${topic} [MQTT-4.7.2-1, 4.7.3-4]`, () => assert.ok(!matchesFilter(filter, topic)));
  }
});

describe('filtersOverlap', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['a', 'a', true],
    ['a', 'b', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/+', 'a', false],
    ['a/+', '+/b', true],
    ['a/+/c', 'a/b/d', false],
    ['#', '+/x', true],
    ['#', '$SYS/#', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/+', true],
    ['$share/g/a/#', 'a/b', true],
    ['$share/g/a', '$share/h/b', false],
  ];
  for (const [a, b, expected] of cases) {
    it(`${a} and ${b}: ${expected}`, () => {
      assert.equal(filtersOverlap(a, b), expected);
      assert.equal(filtersOverlap(b, a), expected);
    });
  }
});
