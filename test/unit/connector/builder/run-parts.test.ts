import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RunParts } from '../../../../src/connector/builder/run-parts.js';
import { fc } from '../../../support/fast-check.js';

/** Delivers all but the bad ones; a part with a bad one in it fails as a whole. */
const playOf = (count: number, bad: ReadonlySet<number>) => {
  const parts = new RunParts(count);
  const log: string[] = [];
  let tries = 0;
  for (let part = parts.next; part !== undefined; part = parts.next) {
    const { from, to } = part;
    tries += 1;
    if (![...bad].some((place) => place >= from && place < to)) {
      for (let place = from; place < to; place += 1) log.push(`${place}`);
      assert.equal(parts.through(to), to - from);
    } else if (!parts.cut(part)) {
      log.push(`bad ${from}`);
      parts.through(to);
    }
  }
  return { log, tries };
};

describe('run parts', () => {
  it('blame exactly the bad items, and let the others through in their order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(199)), (count, places) => {
        const bad = new Set(places.filter((place) => place < count));
        const all = Array.from({ length: count }, (_, place) => (bad.has(place) ? `bad ${place}` : `${place}`));
        assert.deepEqual(playOf(count, bad).log, all);
      }),
    );
  });

  it('find one bad item among n in about 2 log n tries', () => {
    for (let place = 0; place < 1024; place += 1) assert.ok(playOf(1024, new Set([place])).tries <= 2 * 10 + 1);
  });

  it('shrink down to one item, and grow again behind it', () => {
    const parts = new RunParts(8);
    const sizes: number[] = [];
    for (let count = 0; count < 5; count += 1) parts.shrink();
    for (let part = parts.next; part !== undefined; part = parts.next) {
      sizes.push(part.to - part.from);
      parts.through(part.to);
    }
    assert.deepEqual(sizes, [1, 1, 2, 4]);
  });

  it('an item that failed behind others in the same context is tried again behind them, alone in it', () => {
    const parts = new RunParts(5);
    assert.equal(parts.cut({ from: 2, to: 3 }), true);
    assert.deepEqual(parts.next, { from: 0, to: 2 });
    parts.through(2);
    assert.deepEqual(parts.next, { from: 2, to: 5 });
    assert.equal(parts.cut({ from: 2, to: 3 }), false);
  });
});
