import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { makeCertificates } from '../support/certificates.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { runCli, startCli } from '../support/start-cli.js';
import { until } from '../support/until.js';

const RUNNING = /RUNNING/;
const at = (port: number) => ['-h', '127.0.0.1', '-p', String(port)];

test('pub and sub: what one publishes the other prints, each line and each property', LIMIT, async () => {
  const { port } = await startMosquitto();
  await using sub = startCli(['sub', ...at(port), '-t', 'a/#', '-q', '2', '--json', '-C', '4']);
  await sub.waitForLine(RUNNING);
  const one = await runCli(['pub', ...at(port), '-t', 'a/x', '-q', '2', '-m', '\u001b[31m', '--user-property', 'k=v']);
  assert.deepEqual([one.code, one.stdout, one.stderr], [0, [], []]);
  const lines = startCli(['pub', ...at(port), '-t', 'a/y', '-l', '-q', '1']);
  for (const line of ['1', '', '3']) await lines.writeLine(line);
  lines.endInput();
  assert.equal((await lines.exited).code, 0, lines.stderr.join('\n'));
  assert.equal((await sub.exited).code, 0);
  const seen = sub.stdout.map((line) => JSON.parse(line));
  assert.deepEqual(
    seen.map(({ topic, payload, qos }) => [topic, payload, qos]),
    [
      ['a/x', '\u001b[31m', 2],
      ['a/y', '1', 1],
      ['a/y', '', 1],
      ['a/y', '3', 1],
    ],
  );
  assert.deepEqual(seen[0].properties.userProperties, [['k', 'v']]);
  assert.ok(!sub.stdout.join().includes('\u001b'), 'JSON moves no terminal');
});

test('pub ends with what it has read at a signal, and says what it could not deliver', LIMIT, async () => {
  const broker = await startMosquitto();
  const { port } = broker;
  await using sub = startCli(['sub', ...at(port), '-t', 'a', '-C', '1']);
  await sub.waitForLine(RUNNING);
  const pub = startCli(['pub', ...at(port), '-t', 'a', '-l', '-q', '1']);
  await pub.writeLine('read');
  await sub.waitForLine(/^read$/);
  assert.equal((await pub.end('SIGTERM')).code, 0, pub.stderr.join('\n'));
  broker.suspend();
  const held = await runCli(['pub', ...at(port), '-t', 'a', '-m', 'x', '--connect-timeout', '3']);
  assert.deepEqual([held.code, held.stdout], [1, []]);
  assert.match(held.stderr.join(), /no answer to MQTT within 3 s/);
  await broker.stop();
  const away = await runCli(['pub', ...at(port), '-t', 'a', '-m', 'x', '--connect-timeout', '3']);
  assert.equal(away.code, 1);
  assert.match(away.stderr.join(), /connection refused \(tried for 3 s\)/);
});

test('pub says why when a message is larger than the broker takes', LIMIT, async () => {
  const { port } = await startMosquitto({ config: ['max_packet_size 2000'] });
  for (const qos of ['0', '1']) {
    const large = await runCli(['pub', ...at(port), '-t', 'a', '-q', qos, '-m', 'x'.repeat(3000)]);
    assert.equal(large.code, 1);
    assert.match(large.stderr.join('\n'), /2000/);
    assert.doesNotMatch(large.stderr.join('\n'), /WritableStream/);
  }
});

test('a kept session gives again what sub has not written, and nothing of what it has', LIMIT, async () => {
  const { port } = await startMosquitto();
  const line = ['sub', ...at(port), '-t', 'a', '-q', '1', '-c', '-i', 'kept'];
  assert.equal((await runCli([...line, '-E'])).code, 0);
  const pub = startCli(['pub', ...at(port), '-t', 'a', '-l', '-q', '1']);
  for (const text of ['1', '2', '3']) await pub.writeLine(text);
  pub.endInput();
  assert.equal((await pub.exited).code, 0);
  assert.deepEqual((await runCli([...line, '-C', '2'])).stdout, ['1', '2']);
  const rest = await runCli([...line, '-C', '2', '-W', '8']);
  assert.deepEqual([rest.code, rest.stdout], [1, ['3']]);
  assert.match(rest.stderr.at(-1) ?? '', /1 of 2 messages came within 8 s/);
});

test(
  'a pipe that is closed ends sub in order; one that nobody reads holds it back, and it still ends',
  LIMIT,
  async () => {
    const { port } = await startMosquitto();
    const { nodeArgs, main } = await buildOnce();
    const start = () => {
      const child = spawn(process.execPath, [...nodeArgs, main, 'sub', ...at(port), '-t', 'a'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      onCleanup(async () => void child.kill('SIGKILL'));
      const errors = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
      return { child, errors, exited: new Promise<number | null>((resolve) => child.once('exit', resolve)) };
    };
    const closed = start();
    await closed.errors.next();
    const stalled = start();
    await stalled.errors.next();
    closed.child.stdout.destroy();
    const flood = startCli(['pub', ...at(port), '-t', 'a', '-s']);
    await flood.writeLine('x'.repeat(300_000));
    flood.endInput();
    assert.equal((await flood.exited).code, 0);
    assert.equal(await closed.exited, 0);
    // more than a pipe takes was read of it by then
    await until(() => stalled.child.stdout.readableLength > 0);
    stalled.child.kill('SIGTERM');
    assert.equal(await stalled.exited, 0);
  },
);

test('TLS with a password from the environment, and no secret anywhere', LIMIT, async () => {
  const { caFile, server } = await makeCertificates();
  const tls = { config: [`cafile ${caFile}`, `certfile ${server.certFile}`, `keyfile ${server.keyFile}`] };
  const broker = await startMosquitto({ users: { alice: 'hunter2' }, listeners: [tls] });
  const who = ['-h', 'localhost', '-p', String(broker.listenerPorts[0]), '--ca', caFile, '-u', 'alice'];
  const args = [...who, '-t', 'a', '--password-env', 'SECRET'];
  const sent = await runCli(['pub', ...args, '-m', 'kept', '-r', '-q', '1'], { SECRET: 'hunter2' });
  assert.equal(sent.code, 0, sent.stderr.join('\n'));
  const read = await runCli(['sub', ...args, '-C', '1', '--retained-only'], { SECRET: 'hunter2' });
  assert.deepEqual([read.code, read.stdout], [0, ['kept']]);
  const wrong = await runCli(['sub', ...args, '-C', '1'], { SECRET: 'wrong-S3CRET' });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr.join(), /not authorized|bad user name or password/i);
  assert.ok(!wrong.stderr.join().includes('S3CRET'));
});
