import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fnv1a, keyPartition } from '../../../../src/cluster/exchange/key-partition.js';
import type { StateKey } from '../../../../src/pipeline/stage-state.js';

const hashOf = (text: string): number => fnv1a(new TextEncoder().encode(text));

const spread = (keys: readonly StateKey[], partitions: number): readonly number[] => {
  const counts = new Array<number>(partitions).fill(0);
  for (const key of keys) {
    const partition = keyPartition(key, partitions);
    counts[partition] = (counts[partition] ?? Number.NaN) + 1;
  }
  return counts;
};

const KEYS = 10_000;
const numbered = (make: (index: number) => StateKey): readonly StateKey[] =>
  Array.from({ length: KEYS }, (_, index) => make(index));

describe('the hash of a key', () => {
  it('is FNV-1a of 32 bits, by the vectors of its public test suite', () => {
    // draft-eastlake-fnv, and test_fnv.c of Noll
    for (const [text, hash] of [
      ['', 0x811c9dc5],
      ['a', 0xe40c292c],
      ['b', 0xe70c2de5],
      ['c', 0xe60c2c52],
      ['d', 0xe10c2473],
      ['fo', 0x6222e842],
      ['foo', 0xa9f37ed7],
      ['foob', 0x3f5076ef],
      ['fooba', 0x39aaa18a],
      ['foobar', 0xbf9cf968],
    ] as const)
      assert.equal(hashOf(text), hash, text);
  });
});

describe('the partition of a key', () => {
  it('is for ever: these are where they were when the first rows were stored', () => {
    const keys: readonly StateKey[] = [
      '',
      'in/1',
      'meters/7/power',
      'Zähler',
      '計器',
      '\u{1F321}',
      0,
      -1,
      1.5,
      7n,
      true,
    ];
    assert.deepEqual(
      keys.map((key) => keyPartition(key, 64)),
      PLACES,
    );
  });

  it('is one of those that there are, whatever the key', () => {
    for (const partitions of [1, 2, 3, 64])
      for (const key of ['', 'x'.repeat(10_000), '\ud800', 0, -0, Number.POSITIVE_INFINITY, -5n, false]) {
        const partition = keyPartition(key, partitions);
        assert.ok(Number.isInteger(partition) && partition >= 0 && partition < partitions, String(key));
      }
  });

  it('is another for a key of another type, for one and the other of many', () => {
    const differ = numbered((index) => index).filter((key) => keyPartition(key, 64) !== keyPartition(String(key), 64));
    assert.ok(differ.length > 0.9 * KEYS, `${differ.length} of ${KEYS}`);
  });

  it('is spread evenly, also where keys differ in a few bits or repeat themselves', () => {
    const kinds: Readonly<Record<string, (index: number) => StateKey>> = {
      numbers: (index) => index,
      'even numbers': (index) => 2 * index,
      bigints: (index) => BigInt(index) * 2n ** 40n,
      topics: (index) => `plant/${index % 100}/line/${Math.floor(index / 100)}`,
      'a number twice': (index) => `${index}/${index}`,
      'beyond ASCII': (index) => `Gerät ${index} 計器`,
    };
    for (const [kind, make] of Object.entries(kinds))
      for (const partitions of [2, 3, 8, 16]) {
        const even = KEYS / partitions;
        for (const count of spread(numbered(make), partitions))
          assert.ok(
            Math.abs(count - even) < 6 * Math.sqrt(even),
            `${kind} in ${partitions}: ${count}, even is ${even}`,
          );
      }
  });
});

const PLACES: readonly number[] = [26, 17, 6, 6, 57, 53, 4, 43, 53, 34, 57];
