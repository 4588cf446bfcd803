import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { letterLineOf } from '../../../src/cli/dead-letters/letter-line-of.js';
import { readLetter } from '../../../src/cli/dead-letters/read-letter.js';
import type { DeadLetter } from '../../../src/connector/index.js';
import { MillraceError } from '../../../src/index.js';
import { deadLetterMessage } from '../../../src/mqtt/sink/dead-letters/dead-letter-message.js';
import { deadLetterRecord } from '../../../src/mqtt/sink/dead-letters/dead-letter-record.js';
import type { ReceivedMessage } from '../../../src/mqtt/source/received-message.js';

const LETTER: DeadLetter = {
  payload: Buffer.from('p\u001b'),
  attributes: {
    topic: 'plant/a',
    properties: { correlationData: Uint8Array.of(1, 2), contentType: 'text', userProperties: [['own', 'x']] },
  },
  error: new MillraceError('PUBLISH_REFUSED', 'refused'),
  attempt: 2,
  timestampMs: Date.parse('2026-12-01T08:00:00Z'),
  origin: 'sink',
};

const received = (payload: Uint8Array, properties: ReceivedMessage['properties'] = {}): ReceivedMessage =>
  Object({ topic: 'letters', payload, properties, qos: 2, retain: false, dup: false });

/** As it comes from a topic that it was published to. */
const sent = (letter: DeadLetter, version: 5 | 4): ReceivedMessage => {
  const { payload, properties } = deadLetterMessage(letter, version);
  return received(Buffer.from(payload ?? ''), Object(properties));
};

/** What a file would have of it, but for what a message does not say of an error. */
const inFile = (letter: DeadLetter): unknown => {
  const { error, ...rest } = JSON.parse(deadLetterRecord(letter));
  return { ...rest, error: { code: error.code, message: error.message } };
};

const saved = (message: ReceivedMessage): Record<string, unknown> => {
  const line = letterLineOf(message, 0);
  assert.equal(line.indexOf('\n'), line.length - 1);
  return JSON.parse(line);
};

describe('a letter of a topic, as a line of a file', () => {
  it('is what the file of the job would have, by 5.0: of a message, a packet, an item', () => {
    const { properties: _, ...withoutProperties } = LETTER.attributes;
    const others: readonly DeadLetter[] = [
      { ...LETTER, payload: undefined, attributes: { ...withoutProperties, raw: Uint8Array.of(0x30, 0xff) } },
      { ...LETTER, payload: undefined, attributes: { item: { a: 1 }, key: 'k', fields: { b: 2 } } },
    ];
    for (const letter of [LETTER, ...others]) {
      const { properties, ...found } = saved(sent(letter, 5));
      const { properties: expected, ...rest } = Object(inFile(letter));
      assert.deepEqual(found, rest);
      assert.deepEqual(properties, expected ?? { userProperties: [] });
    }
  });

  it('is the very line below 5.0', () => {
    assert.deepEqual(saved(sent(LETTER, 4)), JSON.parse(deadLetterRecord(LETTER)));
  });

  it('has a message that is no letter as one that says so', () => {
    const line = letterLineOf(received(Buffer.from('x')), Date.parse('2026-12-01T08:00:00Z'));
    const { error, topic, payload } = readLetter(Buffer.from(line)) ?? {};
    assert.deepEqual([error?.code, topic, payload?.toString()], ['INVALID_MESSAGE', 'letters', 'x']);
  });
});
