import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linePayloads, wholePayload } from '../../../../src/cli/pub/read-payloads.js';

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array, void, void> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const linesOf = async (text: string, size: number): Promise<readonly string[]> => {
  const lines: string[] = [];
  for await (const line of linePayloads(cut(text, size))) lines.push(Buffer.from(line).toString('latin1'));
  return lines;
};

describe('what pub reads of stdin', () => {
  it('is a message for each line, however the bytes are cut, and whatever they are', async () => {
    for (const size of [1, 2, 3, 100])
      assert.deepEqual(await linesOf('one\r\n\ntw\xff\ro\nlast', size), ['one', '', 'tw\xff\ro', 'last'], `${size}`);
    assert.deepEqual(await linesOf('', 1), []);
    assert.deepEqual(await linesOf('\n', 1), ['']);
  });

  it('is one message, or too large for one', async () => {
    assert.deepEqual(Buffer.from(await wholePayload(cut('a\nb\n', 2))).toString(), 'a\nb\n');
    // one chunk again and again: nothing of that size is set aside
    const chunk = new Uint8Array(64 * 1024 * 1024);
    const flood = async function* () {
      for (let count = 0; count < 5; count += 1) yield chunk;
    };
    await assert.rejects(wholePayload(flood()), { code: 'MESSAGE_TOO_LARGE' });
    await assert.rejects(linePayloads(flood()).next(), { code: 'MESSAGE_TOO_LARGE' });
  });
});
