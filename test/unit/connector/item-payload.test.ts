import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { itemPayload } from '../../../src/connector/item-payload.js';

const text = (item: unknown): string => Buffer.from(itemPayload(item)).toString();

describe('itemPayload', () => {
  it('gives bytes as they are', () => {
    const bytes = Uint8Array.of(1, 2);
    assert.equal(itemPayload(bytes), bytes);
    assert.equal(itemPayload(Buffer.from('x')).byteLength, 1);
  });

  it('gives strings, numbers, booleans and bigints as text', () => {
    assert.deepEqual(['', 'é', 1.5, Number.NaN, false, 12n].map(text), ['', 'é', '1.5', 'NaN', 'false', '12']);
  });

  it('refuses a text with half a surrogate pair, which would go out as another one; JSON has a way to write it', () => {
    for (const half of ['\ud83d', 'a\ude00b', 'é\ud83d\ud83d\ude00']) {
      assert.throws(() => itemPayload(half), { code: 'INVALID_MESSAGE', message: /half a surrogate pair/ });
      assert.equal(JSON.parse(text({ half })).half, half);
    }
    assert.equal(text('é😀'), 'é😀');
  });

  it('gives plain objects and arrays as JSON, dates in them as JSON has them', () => {
    assert.equal(text({ a: [1, null, { b: 'c' }], d: undefined }), '{"a":[1,null,{"b":"c"}]}');
    assert.equal(text([new Date(0)]), '["1970-01-01T00:00:00.000Z"]');
    assert.equal(text(Object.assign(Object.create(null), { a: 1 })), '{"a":1}');
  });

  class Reading {}
  const refused: readonly [string, unknown, RegExp][] = [
    ['undefined', undefined, /the item is undefined/],
    ['null', null, /the item is null/],
    ['a function', () => 1, /the item is a function/],
    ['a symbol', Symbol('s'), /the item is a symbol/],
    ['a date', new Date(0), /an instance of Date/],
    ['a map', new Map([[1, 2]]), /an instance of Map/],
    ['an instance of a class', new Reading(), /an instance of Reading/],
    ['a number that JSON has not', { a: { b: Number.NaN } }, /"b" of the item is NaN/],
    ['a date inside that is no time', { a: [new Date(Number.NaN)] }, /"0" of the item is an invalid date/],
    ['a map inside', { a: new Map() }, /"a" of the item is an instance of Map/],
    ['bytes inside', { payload: Uint8Array.of(1) }, /"payload" of the item is an instance of Uint8Array/],
    ['a promise inside', [Promise.resolve(1)], /"0" of the item is a promise/],
    ['a bigint inside', { a: 1n }, /"a" of the item is a bigint/],
    ['an object whose toJSON gives nothing', { toJSON: () => undefined }, /toJSON of the item gave is undefined/],
  ];
  it('refuses a promise, and hears of its rejection', () => {
    const item = Promise.reject(new Error('never heard'));
    assert.throws(() => itemPayload(item), { code: 'INVALID_MESSAGE', message: /is a promise/ });
  });

  for (const [title, item, message] of refused) {
    it(`refuses ${title}, saying what it is`, () => {
      assert.throws(() => itemPayload(item), { code: 'INVALID_MESSAGE', message });
    });
  }

  it('refuses an object that holds itself', () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    assert.throws(() => itemPayload(ring), { code: 'INVALID_MESSAGE', message: /cannot be written as JSON/ });
  });
});
