import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { StateCodecs } from '../../src/pipeline/index.js';
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
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), { maxKeys: 6, noNullPrototype: true }),
    fc.uniqueArray(tie('value'), { maxLength: 4 }).map((all) => new Set(all)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((all) => new Map(all)),
    fc.array(tie('value'), { maxLength: 40, minLength: 20, size: 'max' }),
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
