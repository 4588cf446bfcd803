import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyBytes } from '../../../src/internal/copy-bytes.js';
import { writeText } from '../../../src/internal/write-text.js';

describe('short texts and bytes that are written in a loop, and longer ones', () => {
  it('stand where they are to, and nothing beside them is changed', () => {
    for (const text of ['', 'a', 'sensor-1', 'é', 'sensor-é', '\u{1f600} and more', 'x'.repeat(300)]) {
      for (const from of [0, Math.min(1, text.length)]) {
        const expected = Buffer.from(text.slice(from));
        const target = Buffer.alloc(expected.byteLength + 8, 0xaa);
        assert.equal(writeText(target, 4, text, from), 4 + expected.byteLength);
        assert.deepEqual(target, Buffer.concat([Buffer.alloc(4, 0xaa), expected, Buffer.alloc(4, 0xaa)]));
      }
    }
  });

  it('are the first bytes of what they are copied from', () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, index) => index);
    for (const length of [0, 1, 16, 17, 32, 33, 199, 200]) {
      const target = new Uint8Array(210);
      copyBytes(bytes, length, target, 5);
      assert.deepEqual(
        [...target],
        [...new Uint8Array(5), ...bytes.subarray(0, length), ...new Uint8Array(205 - length)],
      );
      const whole = new Uint8Array(210);
      copyBytes(bytes.slice(0, length), length, whole, 5);
      assert.deepEqual(whole, target);
    }
  });
});
