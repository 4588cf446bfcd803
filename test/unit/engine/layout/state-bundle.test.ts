import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyOfText } from '../../../../src/engine/layout/keys/entry-key.js';
import { decodeBundle, StateBundleWriter } from '../../../../src/engine/layout/values/state-bundle.js';
import type { StateKey } from '../../../../src/pipeline/index.js';
import { keyText } from '../../../../src/pipeline/key-text.js';
import { fc } from '../../../support/fast-check.js';
import { LIMIT } from '../../../support/limits.js';

const PREFIX = 'state/totals/';

const key = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
);
const state = fc.record({
  key,
  version: fc.nat({ max: 0xffff }),
  body: fc.option(fc.oneof(fc.uint8Array(), fc.constant(new Uint8Array(20_000).fill(7))), {
    nil: undefined,
  }),
});
type State = typeof state extends fc.Arbitrary<infer T> ? T : never;

const bundleOf = (states: readonly State[], oldest = 0): Uint8Array => {
  const writer = new StateBundleWriter();
  for (const { key, version, body } of states) {
    if (body === undefined) writer.addElsewhere(`${PREFIX}${keyText(key)}`, PREFIX.length);
    else writer.add(`${PREFIX}${keyText(key)}`, PREFIX.length, { version, bytes: body, length: body.byteLength });
  }
  return writer.finish(oldest);
};

describe('a bundle of states', () => {
  it('gives back its keys of all types, with their states as records of their own would be', LIMIT, () => {
    fc.assert(
      fc.property(fc.array(state, { maxLength: 20 }), fc.nat(), (states, oldest) => {
        const bytes = bundleOf(states, oldest);
        const bundle = decodeBundle(bytes, 'it');
        assert.equal(bundle.oldest, oldest);
        const back = bundle.states.map(({ text, at }) => ({
          key: keyOfText(text),
          record: at === undefined ? undefined : Buffer.from(bytes.subarray(at.start, at.end)),
        }));
        const expected = states.map(({ key, version, body }) => ({
          key: key === 0 ? 0 : key,
          record: body === undefined ? undefined : Buffer.concat([Uint8Array.of(version & 0xff, version >>> 8), body]),
        }));
        assert.deepEqual(back, expected);
      }),
      { numRuns: 200 },
    );
  });

  it('is STORE_CORRUPT when it is cut or has more behind it, and nothing but that when it is damaged', LIMIT, () => {
    const one = fc.array(state, { minLength: 1, maxLength: 5 });
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    let refused = 0;
    fc.assert(
      fc.property(one, damage, fc.nat(), (states, places, cut) => {
        const good = bundleOf(states);
        assert.throws(() => decodeBundle(good.subarray(0, cut % good.byteLength), 'it'), { code: 'STORE_CORRUPT' });
        assert.throws(() => decodeBundle(Buffer.concat([good, Uint8Array.of(0)]), 'it'), { code: 'STORE_CORRUPT' });
        const bytes = new Uint8Array(good);
        for (const [at, byte] of places) bytes[at % bytes.byteLength] = byte;
        try {
          decodeBundle(bytes, 'it');
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'STORE_CORRUPT');
          refused += 1;
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(refused > 30, `only ${refused} were refused`);
  });

  it('knows which texts are none of a key', () => {
    for (const text of ['', 'x1', 'bx', 'b', 'n', 'n1x', 'n01', 'i', 'i1.5', 'i0x1', 'd0000000000000001']) {
      assert.equal(keyOfText(text), undefined, text);
    }
    const keys: readonly StateKey[] = ['', 's', 0, -1.5, 1e21, Number.POSITIVE_INFINITY, 10n ** 40n, -1n, true, false];
    for (const key of keys) assert.equal(keyOfText(keyText(key)), key);
  });
});
