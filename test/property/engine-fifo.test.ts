import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fifo } from '../../src/internal/fifo.js';
import { LIMIT } from '../support/limits.js';

test('a fifo gives what an array would, through any pushes and shifts', LIMIT, () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(), { freq: 2 }), { maxLength: 1000, size: 'max' }), (operations) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const value of operations) {
        if (value === null) assert.equal(fifo.shift(), model.shift());
        else {
          fifo.push(value);
          model.push(value);
        }
        assert.deepEqual([fifo.size, fifo.peek(), fifo.peekLast()], [model.length, model[0], model.at(-1)]);
        assert.equal(
          fifo.find((one) => one > 1000),
          model.find((one) => one > 1000),
        );
      }
    }),
  );
});
