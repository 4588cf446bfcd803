import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PendingAcks } from '../../../../../src/mqtt/source/acknowledgement/pending-acks.js';
import { fc } from '../../../../support/fast-check.js';

it('gives every token once, in order, and only up to the mark', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ mark: fc.integer({ min: 0, max: 40 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const pending = new PendingAcks();
      let model: { position: number; token: number }[] = [];
      let position = 0;
      let token = 0;
      for (const each of steps) {
        if ('push' in each) {
          position += each.push;
          token += 1;
          pending.push(position, token);
          model.push({ position, token });
          continue;
        }
        const mark = position - 20 + each.mark;
        const given: (number | undefined)[] = [];
        for (let next = pending.takeUpTo(mark); next !== undefined; next = pending.takeUpTo(mark)) given.push(next);
        assert.deepEqual(
          given,
          model.filter((row) => row.position <= mark).map((row) => row.token),
        );
        model = model.filter((row) => row.position > mark);
        assert.equal(pending.count, model.length);
      }
    }),
  );
});

it('keeps its order when it grows while its head is not at the start', () => {
  const pending = new PendingAcks();
  for (let token = 0; token < 50; token += 1) pending.push(token, token);
  for (let token = 0; token < 30; token += 1) assert.equal(pending.takeUpTo(29), token);
  for (let token = 50; token < 300; token += 1) pending.push(token, token);
  for (let token = 30; token < 300; token += 1) assert.equal(pending.takeUpTo(1000), token);
  assert.equal(pending.takeUpTo(1000), undefined);
});
