import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeadLetters, MqttSinks, MqttSources } from '../../../../src/index.js';
import { checkOptions, type OptionChecks, options } from '../../../../src/internal/options/check-options.js';
import { closestName } from '../../../../src/internal/options/closest-name.js';
import {
  count,
  either,
  flag,
  func,
  listOf,
  milliseconds,
  oneOf,
  text,
  wholeNumber,
} from '../../../../src/internal/options/option-checks.js';

interface Lamp {
  readonly colour?: string;
  readonly switchedOn?: boolean;
  readonly bulbs?: number;
  readonly shade?: { readonly height?: number; readonly kind?: string };
  readonly wires?: readonly { readonly length?: number }[];
}

const LAMP: OptionChecks<Lamp> = {
  colour: text,
  switchedOn: flag,
  bulbs: count,
  shade: options<NonNullable<Lamp['shade']>>({ height: wholeNumber(1, 9), kind: oneOf('paper', 'glass') }),
  wires: listOf(options({ length: wholeNumber(0) })),
};

const problemsOf = (given: unknown) => checkOptions('the lamp', given, LAMP).problems;

describe('options from outside', () => {
  it('pass as they are, and undefined stands for "not said"', () => {
    const given = { colour: 'red', switchedOn: undefined, shade: { kind: 'glass' }, wires: [{ length: 0 }, {}] };
    assert.deepEqual(checkOptions('the lamp', given, LAMP), { options: given, problems: [] });
  });

  it('are refused by their unknown names, each with the nearest right one: a typo, a part of a name, another place', () => {
    assert.deepEqual(problemsOf({ color: 'red' }), ['the lamp has no option "color", did you mean "colour"?']);
    assert.deepEqual(problemsOf({ SwitchedON: true }), [
      'the lamp has no option "SwitchedON", did you mean "switchedOn"?',
    ]);
    assert.deepEqual(problemsOf({ switched: true }), ['the lamp has no option "switched", did you mean "switchedOn"?']);
    assert.deepEqual(problemsOf({ shade: { hight: 1 } }), [
      'there is no option "shade.hight", did you mean "shade.height"?',
    ]);
    const [elsewhere] = checkOptions('the lamp', { user: 'x' }, LAMP, {
      place: 'of the socket',
      names: ['username'],
    }).problems;
    assert.equal(elsewhere, 'the lamp has no option "user", did you mean "username" of the socket?');
  });

  it('that resemble nothing are refused with what there is, also those that every object seems to have', () => {
    const there = 'there are colour, switchedOn, bulbs, shade, wires';
    assert.deepEqual(problemsOf({ xyz: 1 }), [`the lamp has no option "xyz"; ${there}`]);
    assert.deepEqual(problemsOf(JSON.parse('{"__proto__": 1}')), [`the lamp has no option "__proto__"; ${there}`]);
    assert.deepEqual(problemsOf({ toString: 1 }), [`the lamp has no option "toString"; ${there}`]);
  });

  it('of a wrong type are told with what they must be, all at once, and the right ones stay usable', () => {
    const given = { colour: 5, switchedOn: 'yes', bulbs: 'x', shade: { height: 10, kind: 'tin' }, wires: [{}, 1] };
    const { options: right, problems } = checkOptions('the lamp', { ...given }, LAMP);
    assert.deepEqual(problems, [
      'colour must be a string, not a number',
      "switchedOn must be true or false, not 'yes'",
      "bulbs must be a whole number from 1, not 'x'",
      'shade.height must be a whole number from 1 to 9, not 10',
      "shade.kind must be 'paper' or 'glass', not 'tin'",
      'wires[1] must be an object',
    ]);
    assert.deepEqual(right, {});
  });

  it('of an async function are told: they would say nothing', async () => {
    const told = problemsOf(Promise.reject(new Error('nobody waits for it')));
    assert.deepEqual(told, ['what gives the options of the lamp returned a promise']);
    // an unhandled rejection would come now
    await new Promise(setImmediate);
  });

  it('that are no object are told', () => {
    for (const given of [null, 'x', 5, []])
      assert.deepEqual(problemsOf(given), ['the options of the lamp must be an object']);
  });

  it('show no text where a secret may stand in the wrong place, and no long one anywhere', () => {
    const secret = 'correct horse battery staple';
    for (const check of [text, func, count, flag, milliseconds, oneOf('a'), either('this or that', func, flag)]) {
      const given = check === text ? { secret } : secret;
      assert.doesNotMatch(check(given, 'x').join(), /horse/);
      assert.equal(check(given, 'x').length, 1);
    }
  });
});

it('the nearest name is none where names are short, or only a few letters agree', () => {
  assert.equal(closestName('to', ['autoReconnect']), undefined);
  assert.equal(closestName('abc', ['autoReconnect', 'keepalive']), undefined);
  assert.equal(closestName('guarantee', ['name', 'processingGuarantee']), 'processingGuarantee');
});

it('the nearest name is rather one that is begun than one of which two letters differ', () => {
  assert.equal(closestName('pass', ['path', 'passphrase', 'password']), 'password');
  assert.equal(closestName('topik', ['topic', 'topikal']), 'topic');
  assert.equal(closestName('keepSesion', ['keepSession', 'keepalive']), 'keepSession');
});

it('what is no options is refused before it is copied: of a text the copy has its letters, of a promise nothing', () => {
  for (const wrong of ['mqtt://h', 5, null, [], Promise.reject(new Error('nobody waits for it'))] as never[]) {
    for (const make of [
      () => MqttSources.builder(wrong),
      () => MqttSinks.builder(wrong),
      () => DeadLetters.topic(wrong),
    ]) {
      assert.throws(make, { code: 'INVALID_OPTIONS', message: /must be an object|returned a promise/ });
    }
  }
});
