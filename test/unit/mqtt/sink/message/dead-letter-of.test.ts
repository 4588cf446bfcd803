import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageTooLarge } from '../../../../../src/mqtt/protocol/codec/protocol-error.js';
import { deadLetterOf } from '../../../../../src/mqtt/sink/message/dead-letter-of.js';
import { Row } from '../../../../../src/mqtt/sink/message/row.js';
import { refusalError } from '../../../../../src/mqtt/sink/queue/refusal.js';

const row = new Row(7, { topic: 'out/a', payload: new Uint8Array(3000), qos: 2, retain: false, properties: undefined });

test('the error of a letter names the topic of its message, once, whoever has refused it', () => {
  for (const [error, message] of [
    [messageTooLarge(3021, 2000), /maximum of 2000 \(item 7 of sink "out", to topic "out\/a", attempt 1\)$/],
    [
      refusalError('out/a', 0x95, undefined),
      /topic "out\/a": Packet too large \(0x95\) \(item 7 of sink "out", attempt 1\)$/,
    ],
  ] as const) {
    const letter = deadLetterOf({ row, error, origin: 'out' });
    assert.match(letter.error.message, message);
    assert.equal(letter.error.details?.topic, 'out/a');
  }
});
