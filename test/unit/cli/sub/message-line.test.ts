import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LineForm, messageLine } from '../../../../src/cli/sub/message-line.js';

const message = (payload: string | Uint8Array, topic = 'a/b') => ({
  topic,
  payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
  qos: 1 as const,
  retain: true,
  dup: false,
  properties: {},
});
const line = (of: ReturnType<typeof message>, form: Partial<LineForm>, toTerminal = false) =>
  Buffer.from(messageLine(of, { as: 'text', verbose: false, ...form }, toTerminal, 0)).toString('latin1');

describe('the line of a message', () => {
  it('is its bytes, but on a terminal nothing that it would obey', () => {
    const hostile = message('red \u001b[31m\nnext', 'a\u0007');
    assert.equal(line(hostile, { verbose: true }), 'a\u0007 red \u001b[31m\nnext\n');
    assert.equal(line(hostile, { verbose: true }, true), 'a\\u0007 red \\u001b[31m\\u000anext\n');
    assert.equal(line(hostile, { as: 'raw' }, true), 'red \u001b[31m\nnext\n');
    assert.equal(line(message(Uint8Array.of(0x61, 0xff, 0x00, 0x9b)), {}, true), 'a\\xff\\x00\\x9b\n');
  });

  it('as JSON is one line, with text as text and all else as base64', () => {
    assert.deepEqual(JSON.parse(line(message('x\u001b\n'), { as: 'json' })), {
      time: '1970-01-01T00:00:00.000Z',
      topic: 'a/b',
      payload: 'x\u001b\n',
      qos: 1,
      retain: true,
      dup: false,
    });
    const bytes = {
      ...message(Uint8Array.of(0xff)),
      properties: { correlationData: Uint8Array.of(1), contentType: 't' },
    };
    const { payload, payloadBase64, properties } = JSON.parse(line(bytes, { as: 'json' }));
    assert.deepEqual(
      [payload, payloadBase64, properties],
      [undefined, '/w==', { correlationData: 'AQ==', contentType: 't' }],
    );
    assert.doesNotMatch(line(message('\u001b\u202e'), { as: 'json' }).slice(0, -1), /[\p{Cc}\u202e]/u);
  });
});
