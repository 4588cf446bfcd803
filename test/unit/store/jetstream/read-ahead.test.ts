import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAhead } from '../../../../src/store/jetstream/read-ahead.js';

describe('readAhead', () => {
  it('asks for the next portion before it gives what has come, and for no more than that', async () => {
    const portions = [[1, 2], [3], [4, 5]];
    const seen: string[] = [];
    const items = readAhead<number>((after) => {
      const portion = portions.shift();
      if (portion === undefined) return undefined;
      seen.push(`asked behind ${after}`);
      return Promise.resolve(portion);
    });
    for await (const item of items) seen.push(`given ${item}`);
    assert.deepEqual(seen, [
      'asked behind undefined',
      'asked behind 2',
      'given 1',
      'given 2',
      'asked behind 3',
      'given 3',
      'given 4',
      'given 5',
    ]);
  });

  it('says what a portion failed with when all before it was given, and to nobody who reads no further', async () => {
    const failing = () =>
      readAhead<number>((after) => (after === undefined ? Promise.resolve([1]) : Promise.reject(new Error('away'))));
    const given: number[] = [];
    await assert.rejects(async () => {
      for await (const item of failing()) given.push(item);
    }, /away/);
    assert.deepEqual(given, [1]);
    for await (const item of failing()) {
      given.push(item);
      break;
    }
    await new Promise(setImmediate);
    assert.deepEqual(given, [1, 1]);
  });
});
