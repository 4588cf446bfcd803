import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FakeClient, type FakeScript, grant, startFakeBroker } from '../support/brokers/fake-broker.js';
import { LIMIT } from '../support/limits.js';
import { runCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { parseWirePayload } from '../support/wire/wire-language.js';

/*
 * R22 in the commands that read one topic: whoever may publish there can send what the specification forbids, and that must neither end them nor
 * stand in front of what is behind it.
 */

/** Two wildcards as topics around a letter, as a 3.x job writes it; at QoS 2, in the session of each connection. */
const LETTER = JSON.stringify({
  timestamp: '2026-12-01T08:30:00.000Z',
  origin: 'up',
  attempt: 1,
  error: { code: 'PUBLISH_REFUSED', message: 'no' },
  topic: 'a',
  payload: Buffer.from('good').toString('base64'),
});

const script: FakeScript = {
  subscribe: (client, packet) => {
    grant(client, packet);
    sendAll(client, packet.subscriptions[0]?.qos === 2);
  },
};

function sendAll(client: FakeClient, keeps: boolean): void {
  const payload = Buffer.from(LETTER);
  const publish = (topic: string, packetId: number) => {
    const id = keeps ? `m${packetId}` : '';
    const body = Buffer.concat([parseWirePayload(`s${topic.length} '${topic}' ${id} 00`), payload]);
    return parseWirePayload(`${keeps ? '34' : '30'} r${body.length} ${body.toString('hex')}`);
  };
  for (const [index, topic] of ['a/+', 'l', 'b/#'].entries()) client.sendBytes(publish(topic, index + 1));
}

test('sub prints what is behind a malformed message, and says that it left it out', LIMIT, async () => {
  await using broker = await startFakeBroker(script);
  const sub = await runCli(['sub', '-L', broker.url, '-t', '#', '-C', '1', '-W', '20']);
  assert.deepEqual([sub.code, sub.stdout], [0, [LETTER]], sub.stderr.join('\n'));
  assert.match(sub.stderr.join('\n'), /note: a message of "a\/\+" is malformed \(.+\) and is left out/);
});

test('letters of a topic: a malformed message is listed as none, and saved as it came', LIMIT, async () => {
  await using broker = await startFakeBroker(script);
  const at = ['--from', broker.url, '--letters', 'l', '--client-id', 'c', '--idle', '2'];
  const list = await runCli(['dead-letters', 'list', ...at]);
  assert.deepEqual([list.code, list.stdout.length], [1, 1], list.stderr.join('\n'));
  assert.match(list.stderr.join('\n'), /2 messages are no letters/);
  const answers = broker.clients.flatMap(({ packets }) => packets.filter(({ type }) => type === 'pubrec'));
  assert.deepEqual(answers, [], 'all of it stays');
  const file = join(tempDir('cli-malformed'), 'letters.jsonl');
  const save = await runCli(['dead-letters', 'save', ...at, '--file', file]);
  assert.equal(save.code, 0, save.stderr.join('\n'));
  assert.match(save.stderr.join('\n'), /note: a message of "a\/\+" is malformed/);
  const codes = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).error.code);
  assert.deepEqual(codes.toSorted(), ['MALFORMED_MESSAGE', 'MALFORMED_MESSAGE', 'PUBLISH_REFUSED']);
});

test(
  'letters of a topic: a replay puts a malformed message where it may put what it cannot publish',
  LIMIT,
  async () => {
    await using broker = await startFakeBroker(script);
    const at = ['--from', broker.url, '--letters', 'l', '--client-id', 'c', '--stop-after', '1'];
    const strict = await runCli(['dead-letters', 'replay', ...at]);
    assert.equal(strict.code, 1);
    assert.match(strict.stderr.join('\n'), /is malformed/);
    const rejected = join(tempDir('cli-malformed-replay'), 'rejected.jsonl');
    const replay = await runCli(['dead-letters', 'replay', ...at, '--dead-letters', rejected]);
    assert.equal(replay.code, 0, replay.stderr.join('\n'));
    assert.match(readFileSync(rejected, 'utf8'), /MALFORMED_MESSAGE/);
    const published = broker.clients.flatMap(({ packets }) => packets.filter(({ type }) => type === 'publish'));
    assert.deepEqual(
      published.map((packet) => packet.type === 'publish' && [packet.topic, Buffer.from(packet.payload).toString()]),
      [['a', 'good']],
    );
  },
);

test(
  'list ends with an error when the connection fails for good, and not as if there were no more letters',
  LIMIT,
  async () => {
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => {
        grant(client, packet);
        setTimeout(() => client.sendBytes(parseWirePayload("36 r7 s1 'l' m7 00 'x'")), 100);
      },
    });
    const list = await runCli([
      'dead-letters',
      'list',
      '--from',
      broker.url,
      '--letters',
      'l',
      '--client-id',
      'c',
      '--idle',
      '20',
    ]);
    assert.equal(list.code, 1);
    assert.match(list.stderr.join('\n'), /on 5 connections in a row/);
  },
);
