import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from '../../src/internal/ring.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';

test('a ring gives what an array would, through any pushes and shifts', LIMIT, () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(), { freq: 2 }), { maxLength: 1000, size: 'max' }), (operations) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      for (const value of operations) {
        if (value === null) assert.equal(ring.shift(), model.shift());
        else {
          ring.push(value);
          model.push(value);
        }
        assert.deepEqual([ring.size, ring.peek(), ring.peekLast()], [model.length, model[0], model.at(-1)]);
        assert.equal(
          ring.find((one) => one > 1000),
          model.find((one) => one > 1000),
        );
      }
    }),
  );
});

test('a ring finds what is at an index, through any order of coming and going, and far beyond 32 bits', LIMIT, () => {
  const operation = fc.record({ at: fc.nat(300), take: fc.boolean() });
  fc.assert(
    fc.property(
      fc.constantFrom(0, 2 ** 31 - 100, 2 ** 52),
      fc.array(operation, { maxLength: 400 }),
      (base, operations) => {
        const ring = new Ring<string>();
        const model = new Map<number, string>();
        for (const { at, take } of operations) {
          const index = base + at;
          if (take) {
            ring.remove(index);
            model.delete(index);
          } else if (!model.has(index)) {
            ring.put(index, `${index}`);
            model.set(index, `${index}`);
          }
          const held = [...model.keys()].sort((a, b) => a - b);
          assert.equal(ring.first, held[0] ?? ring.end);
          assert.equal(ring.peek(), model.get(held[0] ?? -1));
        }
        const held = [...model.keys()].sort((a, b) => a - b);
        assert.deepEqual(
          [...ring],
          held.map((index) => `${index}`),
        );
        assert.deepEqual(ring.oldest(3), [...ring].slice(0, 3));
        for (let at = -1; at <= 301; at += 1) assert.equal(ring.get(base + at), model.get(base + at));
        ring.clear();
        assert.deepEqual([ring.size, ring.peek()], [0, undefined]);
      },
    ),
  );
});
