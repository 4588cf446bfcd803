import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TopicEncoder } from '../../../../../src/mqtt/protocol/codec/encode/topic-encoder.js';

const GENERATION = 65_536;

const textOf = (bytes: Uint8Array) => {
  const text = Buffer.from(bytes).toString('utf8', 2);
  assert.equal(Buffer.from(bytes).readUInt16BE(0), Buffer.byteLength(text));
  return text;
};

describe('topics that are remembered', () => {
  it('stay what they are over generations, while others come and go; long ones and such of three bytes a character, too', () => {
    const encoder = new TopicEncoder();
    const hot = ['hot/ä', '温度/室', 'x'.repeat(256), 'y'.repeat(60_000)];
    for (let count = 0; count < 3 * GENERATION; count += 1) {
      const topic = `topic/${count}`;
      assert.equal(textOf(encoder.encode(topic)), topic);
      if (count % 1000 === 0) for (const one of hot) assert.equal(textOf(encoder.encode(one)), one);
    }
  });

  it('share their buffers with none that is too long to be remembered, which would keep these apart', () => {
    const encoder = new TopicEncoder();
    const buffers = new Set<ArrayBufferLike>();
    for (let count = 0; count < 1000; count += 1) {
      buffers.add(encoder.encode(`topic/${count}`).buffer);
      for (const long of ['x'.repeat(255), '温'.repeat(86)]) {
        const bytes = encoder.encode(long);
        assert.equal(textOf(bytes), long);
        assert.ok(!buffers.has(bytes.buffer));
      }
    }
    assert.equal(buffers.size, 1);
  });

  it('of a generation keep no buffer of one before, which one topic of it would keep whole', () => {
    const encoder = new TopicEncoder();
    const first = encoder.encode('hot').buffer;
    assert.equal(encoder.encode('hot').buffer, first);
    for (let count = 0; count <= GENERATION; count += 1) encoder.encode(`topic/${count}`);
    assert.equal(textOf(encoder.encode('hot')), 'hot');
    assert.notEqual(encoder.encode('hot').buffer, first);
  });
});
