import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareKeys } from '../../../../src/store/compare-keys.js';
import { KeysByKind } from '../../../../src/store/log/keys-by-kind.js';

/** One after the other. */
const within = (keys: KeysByKind, from: string, to: string): string[] => {
  const all: string[] = [];
  for (let key = keys.next(from, to, false); key !== undefined; key = keys.next(key, to, true)) all.push(key);
  return all;
};

describe('the keys of pending changes, by kind', () => {
  it('are those of a range in their order, whatever kinds it begins, ends or has in the middle', () => {
    const keys = new KeysByKind();
    const known: string[] = [];
    const kinds = ['a', 'a-b', 'ab', 'b', '', '\u00e9', '\uffee', '\u{1f600}'];
    // more than are kept apart
    for (let one = 0; one < 40; one += 1) kinds.push(`k${one}`);
    for (const rest of ['', '/', '/1', '/2/x', '/\u{1f600}', '/\uffee']) {
      for (const kind of kinds) {
        if (kind + rest === '') continue;
        keys.add(kind + rest);
        known.push(kind + rest);
      }
    }
    const ends = [...known, '0', 'a0', 'a/0', 'a/1/', 'k9/10', 'z'];
    for (const from of ends.filter((_, index) => index % 7 === 0)) {
      for (const to of ends.filter((_, index) => index % 5 === 0)) {
        const wanted = known.filter((key) => compareKeys(key, from) >= 0 && compareKeys(key, to) < 0);
        assert.deepEqual(within(keys, from, to), wanted.sort(compareKeys), `from ${from} to ${to}`);
      }
    }
  });

  it('are not put in order for who asks for others', () => {
    const millis = (ask: (keys: KeysByKind) => void): number => {
      const keys = new KeysByKind();
      for (let one = 0; one < 100_000; one += 1) keys.add(`state/s/${(Math.imul(one, 2654435761) >>> 0).toString(36)}`);
      keys.add('rows/1');
      const { user } = process.cpuUsage();
      ask(keys);
      return (process.cpuUsage().user - user) / 1000;
    };
    const others = millis((keys) => assert.deepEqual(within(keys, 'rows/', 'rows0'), ['rows/1']));
    const own = millis((keys) => assert.notEqual(keys.next('state/s/', 'state/s0', false), undefined));
    assert.ok(others * 5 < own, `${others} ms beside ${own}`);
  });
});
