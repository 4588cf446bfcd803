import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeDelivery, letterText } from '../../support/delivery-oracle.js';

const letter = (topic: string, number: number) => ({ topic, text: letterText(topic, number) });
const [a1, a2, a3, b1, b2] = [letter('a', 1), letter('a', 2), letter('a', 3), letter('b', 4), letter('b', 5)];
const sent = [a1, a2, b1, a3, b2];

describe('the delivery oracle', () => {
  it('finds nothing in a faultless run, in any order between topics', () => {
    const sound = { lost: [], duplicates: 0, phantoms: [], disordered: [] };
    assert.deepEqual(judgeDelivery(sent, [b1, a1, b2, a2, a3]), sound);
  });

  it('names what is lost and counts every extra copy', () => {
    const delivery = judgeDelivery(sent, [a1, a2, a1, a2, a2, b1, b2]);
    assert.deepEqual([delivery.lost, delivery.duplicates, delivery.disordered], [[a3.text], 3, []]);
  });

  it('tells a first copy that came too late within its topic', () => {
    assert.deepEqual(judgeDelivery(sent, [a1, a3, a2, b1, b2]).disordered, [a2.text]);
  });

  it('tells what nobody sent, what was damaged and what went to another topic', () => {
    const damaged = { topic: 'a', text: `${a1.text}x` };
    const { phantoms, lost } = judgeDelivery(sent, [damaged, letter('a', 9), { ...b1, topic: 'a' }, a1, a2, a3, b2]);
    assert.equal(phantoms.length, 3);
    assert.deepEqual(lost, [b1.text]);
  });
});
