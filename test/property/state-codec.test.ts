import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { encodeBody } from '../../src/engine/layout/values/versioned-record.js';
import { inPlaceOf } from '../../src/pipeline/codec/in-place.js';
import { StateCodecs } from '../../src/pipeline/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';

const codec = StateCodecs.structuredClone();

/** Everything that may be in a state, small and large, deep and flat. */
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.double(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constantFrom(null, undefined, -0, Number.NaN)),
    fc.string({ unit: 'binary' }),
    fc.string({ minLength: 30, maxLength: 40 }),
    fc.constantFrom('\ud800', 'x'.repeat(9000), '__proto__', 'é'),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ minLength: 4 }).map((bytes) => bytes.subarray(1, 3)),
    fc.uint8Array({ minLength: 4 }).map((bytes) => Buffer.from(bytes.buffer, 1, 2)),
    fc.float64Array(),
    fc.uint16Array(),
    fc.uint16Array({ minLength: 4 }).map((numbers) => numbers.subarray(1, 3)),
    fc.uint32Array(),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), { maxKeys: 6, noNullPrototype: true }),
    fc.uniqueArray(tie('value'), { maxLength: 4 }).map((all) => new Set(all)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((all) => new Map(all)),
    fc.array(tie('value'), { maxLength: 40, minLength: 20, size: 'max' }),
    fc.record({ count: tie('value'), sum: tie('value'), lost: tie('value') }, { noNullPrototype: true }),
    fc.record({ sum: tie('value'), lost: fc.double() }, { noNullPrototype: true }),
    fc.record({ item: tie('value') }, { noNullPrototype: true }).map((item) => ({ best: item })),
  ),
})).value;

test('a state comes back as structured clone would give it back', LIMIT, () => {
  fc.assert(
    fc.property(value, (state) => {
      assert.deepEqual(codec.decode(codec.encode(state)), deserialize(serialize(state)));
    }),
    { numRuns: 1500 },
  );
});

test('a state of which no bytes of its own are made is the same', LIMIT, () => {
  const encoding = { codec, owner: 'a stage', inPlace: inPlaceOf(codec) };
  assert.ok(encoding.inPlace !== undefined);
  let inPlace = 0;
  fc.assert(
    fc.property(value, (state) => {
      const expected = codec.encode(state);
      const { bytes, length, version } = encodeBody(encoding, state);
      assert.deepEqual(Buffer.from(bytes.subarray(0, length)), Buffer.from(expected));
      assert.equal(version, codec.version);
      if (bytes.byteLength > length) inPlace += 1;
    }),
    { numRuns: 500 },
  );
  assert.ok(inPlace > 250, `${inPlace} of 500`);
});

test('a codec of which the user has replaced `encode` is asked by that, and one with another `decode` encodes as before', () => {
  const given = Object.assign(StateCodecs.structuredClone<unknown>(), { encode: () => Uint8Array.of(7) });
  const { bytes, length } = encodeBody({ codec: given, owner: 'a stage', inPlace: inPlaceOf(given) }, { count: 1 });
  assert.deepEqual([...bytes.subarray(0, length)], [7]);
  assert.ok(inPlaceOf({ ...StateCodecs.structuredClone<unknown>(), version: 3, decode: () => 1 }) !== undefined);
});

test('what an earlier version has stored by structured clone alone is read', LIMIT, () => {
  fc.assert(
    fc.property(value, (state) => {
      const body = serialize(state);
      assert.deepEqual(codec.decode(new Uint8Array([0, ...body])), deserialize(body));
    }),
    { numRuns: 300 },
  );
});

test(
  'bytes of the short form that were damaged are read as some state, or are STORE_CORRUPT, and nothing else',
  LIMIT,
  () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: 8192 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    let refused = 0;
    fc.assert(
      fc.property(value, damage, fc.option(fc.nat({ max: 8192 })), (state, places, end) => {
        const bytes = codec.encode(state);
        // from its format on it is for structured clone, whose bytes nobody damages behind a checksum
        fc.pre(bytes[0] === 1);
        for (const [at, byte] of places) if (bytes.byteLength > 1) bytes[1 + (at % (bytes.byteLength - 1))] = byte;
        try {
          codec.decode(bytes.subarray(0, Math.max(1, end ?? bytes.byteLength)));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'STORE_CORRUPT');
          refused += 1;
        }
      }),
      { numRuns: 1500 },
    );
    assert.ok(refused > 100, `only ${refused} were refused`);
  },
);

test('an object that stands twice in a state, or in itself, is one object when it comes back', LIMIT, () => {
  const shape = fc.record({ twice: value, left: fc.nat({ max: 40 }), right: fc.nat({ max: 40 }), cycle: fc.boolean() });
  fc.assert(
    fc.property(shape, ({ twice, left, right, cycle }) => {
      const shared = { twice };
      const deep = (levels: number): unknown => (levels === 0 ? shared : [deep(levels - 1)]);
      const state = { a: deep(left), b: deep(right), self: undefined as unknown };
      if (cycle) state.self = state;
      const back = codec.decode(codec.encode(state)) as typeof state;
      const at = (from: unknown, levels: number): unknown =>
        levels === 0 ? from : at((from as unknown[])[0], levels - 1);
      assert.equal(at(back.a, left), at(back.b, right));
      assert.equal(back.self, cycle ? back : undefined);
    }),
    { numRuns: 300 },
  );
});
