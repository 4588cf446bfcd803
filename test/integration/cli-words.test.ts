import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { makeCertificates } from '../support/certificates.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { type CliResult, runCli, startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';

const SECRET = 'hunter2-S3CRET';

const args = (from: string, to: string, ...more: readonly string[]) => [
  ...['bridge', '--from', from, '--topic', 'in/#', '--to', to, '--to-topic', 'out/{topic}', '--client-id', 'b'],
  ...more,
];

/** What it says at the end, in one line, without a name that only programs have. */
function assertSays(result: CliResult, code: number, pattern: RegExp): void {
  const text = result.stderr.join('\n');
  assert.equal(result.code, code, text);
  assert.match(text, pattern);
  assert.doesNotMatch(text, /protocolVersion|servername(?<!--servername)|passphrase(?!-env)|onSessionLoss|hunter2/);
}

test(
  'a plain URL for a port that speaks TLS, and a TLS URL for a plain port, are told with the other scheme',
  LIMIT,
  async () => {
    const { server, caFile } = await makeCertificates();
    const tls = [`certfile ${server.certFile}`, `keyfile ${server.keyFile}`];
    const broker = await startMosquitto({ listeners: [{ config: tls }] });
    const secure = `127.0.0.1:${broker.listenerPorts[0]}`;
    const [plainToTls, tlsToPlain] = await Promise.all([
      runCli(args(broker.url, `mqtt://${secure}`, '--connect-timeout', '2')),
      runCli(args(broker.url, `mqtts://127.0.0.1:${broker.port}`, '--ca', caFile, '--connect-timeout', '2')),
    ]);
    assertSays(plainToTls, 1, /use mqtts:\/\/ \(or wss:\/\/\)|Use a URL with mqtts/);
    assertSays(tlsToPlain, 1, /plain MQTT|does not speak TLS/);
  },
);

test('a certificate for another name says which flag helps', LIMIT, async () => {
  const { wrongHost, caFile } = await makeCertificates();
  const tls = [`certfile ${wrongHost.certFile}`, `keyfile ${wrongHost.keyFile}`];
  const broker = await startMosquitto({ listeners: [{ config: tls }] });
  const url = `mqtts://127.0.0.1:${broker.listenerPorts[0]}`;
  assertSays(await runCli(args(broker.url, url, '--ca', caFile)), 1, /set --servername/);
});

test('an encrypted key without its passphrase, or with another, is wrong usage and says so', LIMIT, async () => {
  const { client } = await makeCertificates();
  const key = join(tempDir('cli-words'), 'client.key');
  execFileSync('openssl', ['pkcs8', '-topk8', '-in', client.keyFile, '-out', key, '-passout', `pass:${SECRET}`]);
  const line = args('mqtts://127.0.0.1:1', 'mqtt://127.0.0.1:2', '--from-cert', client.certFile, '--from-key', key);
  assertSays(await runCli(line), 2, /--key \(--from-key\) is encrypted: give --passphrase-env/);
  const wrong = await runCli([...line, '--from-passphrase-env', 'PHRASE'], { PHRASE: 'x' });
  assertSays(wrong, 2, /--passphrase-env \(--from-passphrase-env\) is not that of --key/);
});

test('a port that there is not, and a directory that cannot be made, are told at once', LIMIT, async () => {
  assertSays(await runCli(args('mqtt://h:99999', 'mqtt://h')), 2, /--from: the port must be a number from 1 to 65535/);
  const file = join(tempDir('cli-words'), 'file');
  writeFileSync(file, '');
  for (const dir of ['/proc/x', join(file, 'x')]) {
    const result = await runCli(
      args('mqtt://127.0.0.1:1', 'mqtt://127.0.0.1:2', '--guarantee', 'exactly-once', '--dir', dir),
    );
    assert.notEqual(result.code, 0);
    assert.match(result.stderr.join('\n'), /Name a directory on a local disk/);
    assert.doesNotMatch(result.stderr.join('\n'), /runs again/);
  }
});

test('a broker that hangs at a CONNECT of MQTT 5.0 is told with --mqtt 4', LIMIT, async () => {
  const server = createServer(() => {});
  onCleanup(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const result = await runCli(args(`mqtt://127.0.0.1:${port}`, `mqtt://127.0.0.1:${port}`, '--connect-timeout', '1'));
  assertSays(result, 1, /no answer to MQTT.*--mqtt 4/);
});

test('a session that the directory knows nothing of is told with --adopt-session', LIMIT, async () => {
  const [from, to] = await Promise.all([startMosquitto(), startMosquitto()]);
  await using plain = startCli(args(from.url, to.url));
  await plain.waitForLine(/RUNNING/);
  await plain.end('SIGTERM');
  const exact = ['--guarantee', 'exactly-once', '--dir', join(tempDir('cli-words'), 'state')];
  const refused = await runCli(args(from.url, to.url, ...exact));
  assertSays(refused, 1, /another client id, or --adopt-session/);
});

test(
  'a session that nothing verifies is told with its broker, what may follow and the way out, where a store relies on it',
  LIMIT,
  async () => {
    const [from, to] = await Promise.all([startMosquitto(), startMosquitto()]);
    const exact = ['--guarantee', 'exactly-once', '--dir', join(tempDir('cli-words'), 'state')];
    for (const [more, told] of [
      [['--client-id', 'x', '--mqtt', '4', ...exact], true],
      [['--client-id', 'y', '--mqtt', '4'], false],
    ] as const) {
      const line = [...args(from.url, to.url).slice(0, -2), ...more];
      for (const start of ['first', 'second']) {
        await using bridge = startCli(line);
        await bridge.waitForLine(/RUNNING/);
        await bridge.end('SIGTERM');
        const notes = bridge.stderr.filter((text) => text.includes('note: '));
        assert.equal(notes.length, told && start === 'second' ? 1 : 0, notes.join('\n'));
        if (notes.length > 0)
          assert.match(notes[0] ?? '', /mqtt:\/\/127\.0\.0\.1:\d+ says .* missing or come twice\. MQTT 5/);
      }
    }
  },
);
