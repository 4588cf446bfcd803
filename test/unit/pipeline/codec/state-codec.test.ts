import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import { MillraceError } from '../../../../src/errors/index.js';
import { StateCodecs } from '../../../../src/pipeline/index.js';

class Account {
  balance = 1;
}

const codec = StateCodecs.structuredClone();

const refused = (state: unknown): string => {
  try {
    StateCodecs.structuredClone().encode(state);
  } catch (error) {
    assert.ok(error instanceof MillraceError && error.code === 'STATE_NOT_STORABLE' && error.advice !== undefined);
    return error.message;
  }
  return assert.fail('it was taken');
};

const withOwn = (target: object, property: PropertyKey, value: unknown): object =>
  Object.assign(target, { [property]: value });

test('what structured clone would lose or change is refused with its path', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [() => 1, 'the value is a function'],
    [{ a: { b: [1, () => 1] } }, '.a.b[1] is a function'],
    [{ on: { click() {} } }, '.on.click is a function (click)'],
    [{ a: Symbol('s') }, '.a is a symbol'],
    [{ [Symbol('s')]: 1 }, '.Symbol(s) is under a symbol'],
    [{ account: new Account() }, '.account is an instance of Account'],
    [new Map([['k', { a: new Account() }]]), '.get("k").a is an instance of Account'],
    [new Map([[{ a: new Account() }, 1]]), '.keys().a is an instance of Account'],
    [new Set([new Account()]), '.values() is an instance of Account'],
    [Object.create(null), 'the value is an object without a prototype'],
    [
      {
        big: 'x'.repeat(10_000),
        get total() {
          return 1;
        },
      },
      '.total is a getter',
    ],
    [withOwn(new Date(0), 'zone', 'CET'), '.zone is a property of its own'],
    [withOwn(new Map(), 'name', 'm'), '.name is a property of its own'],
    [withOwn(new Error('e'), 'code', 'E'), '.code is a property of its own'],
    [new MillraceError('INTERNAL', 'x'), 'the value is an instance of MillraceError'],
    [{ a: new Proxy({ b: 1n }, {}) }, '.a is a proxy'],
    [{ p: Promise.resolve() }, '.p is an instance of Promise'],
    [{ w: new WeakMap() }, '.w is an instance of WeakMap'],
    [new (class extends Array {})(), 'the value is an instance of a class of arrays'],
    [withOwn([1], 'name', () => 1), '[name] is a function'],
  ];
  for (const [state, expected] of cases) assert.ok(refused(state).startsWith(expected), refused(state));
});

test('a getter is refused in a small state too', () => {
  const state = {
    get total() {
      return 1;
    },
  };
  assert.match(refused(state), /^\.total is a getter/);
});

test('dates, expressions, errors, typed arrays and buffers come back as what they are', () => {
  const state = {
    date: new Date(5),
    expression: /a+/gi,
    error: new TypeError('no', { cause: 'why' }),
    buffer: Buffer.from('ab'),
    words: new Uint16Array([1, 2]),
    bytes: new ArrayBuffer(3),
    holes: Object.assign(new Array(3), { 0: 1, 2: 3 }),
    boxed: 10n,
  };
  assert.deepEqual(codec.decode(codec.encode(state)), state);
});

test('a decoded state shares no memory with its bytes', () => {
  const bytes = codec.encode({ words: new Uint8Array([1, 2, 3]), n: 1n });
  const before = new Uint8Array(bytes);
  const state = codec.decode(bytes) as { words: Uint8Array };
  state.words.fill(9);
  assert.deepEqual(bytes, before);
});

test('bytes that were cut or have more behind them are an error', () => {
  const bytes = codec.encode({
    a: 'text',
    b: [1, 2.5],
    m: new Map([[new Date(1), new Set(['x'])]]),
    c: Buffer.from('c'),
    d: 7n,
  });
  for (let length = 0; length < bytes.byteLength; length += 1) {
    assert.throws(() => codec.decode(bytes.subarray(0, length)), { code: 'STORE_CORRUPT' });
  }
  assert.throws(() => codec.decode(new Uint8Array([...bytes, 0])), { code: 'STORE_CORRUPT' });
});

test('a version is a small whole number, and a codec has an upgrade only when it was given one', () => {
  for (const version of [-1, 1.5, 65_536, Number.NaN]) {
    assert.throws(() => StateCodecs.structuredClone({ version }), { code: 'INVALID_OPTIONS' });
  }
  assert.equal(codec.version, 0);
  assert.equal(codec.upgrade, undefined);
  const next = StateCodecs.structuredClone({ version: 2, upgrade: (old, version) => ({ old, version }) });
  assert.deepEqual(next.upgrade?.(codec.encode([1]), 1), { old: [1], version: 1 });
});

test('dates, maps, sets, bytes and bigints of small states have the short form, as what they are', () => {
  const state = {
    count: 2n ** 63n - 1n,
    debt: -(2n ** 63n),
    at: new Date(5),
    byKey: new Map<unknown, unknown>([[{ a: 1 }, new Set([[1], 'x'])], ['k', new Map([[1, undefined]])]]), // biome-ignore format: as it is read
    bytes: new Uint8Array([9, 1, 2, 9]).subarray(1, 3),
    buffer: Buffer.from('text'),
    empty: [new Map(), new Set(), new Uint8Array(), Buffer.alloc(0)],
  };
  const bytes = codec.encode(state);
  assert.equal(bytes[0], 1, 'structured clone was asked');
  const back = codec.decode(bytes) as typeof state;
  assert.deepEqual(back, state);
  // two invalid dates are not equal to each other
  const never = codec.decode(codec.encode(new Date(Number.NaN)));
  assert.ok(never instanceof Date && Number.isNaN(never.getTime()));
  assert.ok(Buffer.isBuffer(back.buffer) && !Buffer.isBuffer(back.bytes));
  bytes.fill(0);
  assert.deepEqual(
    [back.bytes, back.buffer],
    [state.bytes, state.buffer],
    'it shares memory with what it was read from',
  );
});

test('a bigint of more than 64 bits is stored as structured clone does it', () => {
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 10n ** 300n]) {
    const bytes = codec.encode({ value });
    assert.equal(bytes[0], 0, 'the short form was used');
    assert.deepEqual(codec.decode(bytes), { value });
  }
});

test('what an earlier version has stored of such states is read', () => {
  // by structured clone, behind its format
  const state = { at: new Date(5), all: new Map([['k', new Set([1n])]]), bytes: new Uint8Array([1, 2]) };
  assert.deepEqual(codec.decode(new Uint8Array([0, ...serialize(state)])), state);
  // a long string with two bytes for each character, behind tag and length
  const text = 'state '.repeat(20);
  assert.equal(codec.decode(new Uint8Array([1, 7, 240, 0, ...Buffer.from(text, 'utf16le')])), text);
  // an accumulator with its names
  const named = ([name, value]: readonly [string, number]) => [
    6,
    name.length,
    0,
    ...Buffer.from(name),
    4,
    value,
    0,
    0,
    0,
  ];
  const average = [
    ['count', 2],
    ['sum', 9],
    ['lost', 0],
  ] as const;
  assert.deepEqual(codec.decode(new Uint8Array([1, 9, 3, 0, ...average.flatMap(named)])), {
    count: 2,
    sum: 9,
    lost: 0,
  });
});

test('accumulators of aggregates are stored without the names that all of them have', () => {
  for (const [state, bytes] of [
    [{ count: 2, sum: 0.5, lost: 0 }, 22],
    [{ sum: 0.5, lost: 0.25 }, 21],
    [{ best: { item: 7 } }, 10],
    [{ end: undefined }, 4],
  ] as const) {
    assert.equal(codec.encode(state).byteLength, bytes);
    assert.deepEqual(codec.decode(codec.encode(state)), state);
    assert.deepEqual(Object.keys(codec.decode(codec.encode(state)) as object), Object.keys(state));
  }
});

test('a string of ASCII has one byte for each character, whatever its length; any other comes back as it was', () => {
  const head = 4;
  for (const length of [0, 1, 31, 32, 33, 100, 4_000]) {
    const text = 'a'.repeat(length);
    assert.equal(codec.encode(text).byteLength, head + length);
    assert.equal(codec.decode(codec.encode(text)), text);
    for (const other of ['\u0080', 'ß', '界', '\ud800', '𝄞']) {
      for (const one of [`${text}${other}`, `${other}${text}`, other.repeat(Math.max(1, length / 2))]) {
        assert.equal(codec.decode(codec.encode(one)), one, `${length} and ${other}`);
      }
    }
  }
});

test('classes of dates, maps, sets and bytes, and what was hung on one, are refused in every state, not the first alone', () => {
  class Ours extends Map {}
  class Day extends Date {}
  class Chunk extends Uint8Array {}
  for (const value of [
    new Ours(),
    new Day(),
    new Chunk(2),
    withOwn(new Date(0), 'zone', 'CET'),
    Object.create(Date.prototype),
  ]) {
    const one = StateCodecs.structuredClone();
    for (let state = 0; state < 20; state += 1) one.encode({ state });
    // a fake date is stored as what it has of its own, as structured clone does it
    if (Object.prototype.toString.call(value) === '[object Object]')
      assert.deepEqual(one.decode(one.encode(value)), {});
    else assert.throws(() => one.encode(value), { code: 'STATE_NOT_STORABLE' });
  }
});
