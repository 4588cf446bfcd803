import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { makeCertificates } from '../support/certificates.js';
import type { Child } from '../support/child-process.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';

const SECRET = 'hunter2-S3CRET';

const args = (from: string, to: string, ...more: readonly string[]) => [
  ...['bridge', '--from', from, '--topic', 'in/#', '--to', to, '--to-topic', 'out/{topic}', '--client-id', 'b'],
  ...more,
];

async function started(line: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Child> {
  const bridge = startCli(line, env);
  await bridge.waitForLine(/RUNNING/);
  return bridge;
}

test(
  'each side has its own version, user, keep-alive and TLS: an encrypted key, another server name, ALPN',
  LIMIT,
  async () => {
    const made = await makeCertificates();
    const key = join(tempDir('cli-flags'), 'client.key');
    const encrypt = ['pkcs8', '-topk8', '-in', made.client.keyFile, '-out', key, '-passout', `pass:${SECRET}`];
    execFileSync('openssl', encrypt);
    const { wrongHost } = made;
    const tls = [`cafile ${made.caFile}`, `certfile ${wrongHost.certFile}`, `keyfile ${wrongHost.keyFile}`];
    const from = await startMosquitto({ users: { alice: 'a' } });
    const to = await startMosquitto({ listeners: [{ config: [...tls, 'require_certificate true'] }] });
    const witness = await startMosquittoSub({ port: to.port });
    await using bridge = await started(
      args(
        from.url,
        `mqtts://127.0.0.1:${to.listenerPorts[0]}`,
        ...['--from-username', 'alice', '--from-password-env', 'ALICE', '--from-mqtt', '4', '--from-keepalive', '17'],
        ...[
          '--to-ca',
          made.caFile,
          '--to-cert',
          made.client.certFile,
          '--to-key',
          key,
          '--to-passphrase-env',
          'PHRASE',
        ],
        ...['--to-servername', 'elsewhere.example', '--to-alpn', 'mqtt', '--keepalive', '23'],
      ),
      { ALICE: 'a', PHRASE: SECRET },
    );
    await from.waitForLog(/New client connected from .* as b \(p2, c0, k17, u'alice'\)/);
    await to.waitForLog(/New client connected from .* as b-0 \(p5, c\d, k23\)/);
    await publishAll({ port: from.port, topic: 'in/x', args: ['-u', 'alice', '-P', 'a'] }, ['1']);
    await witness.untilCount(1);
    assert.ok(![...bridge.stdout, ...bridge.stderr].join('\n').includes(SECRET));
    assert.equal((await bridge.end('SIGTERM')).code, 0);
  },
);

test('--exclude leaves messages out, also those that a bridge on one broker would read again', LIMIT, async () => {
  const broker = await startMosquitto();
  const witness = await startMosquittoSub({ port: broker.port, topic: 'out/#' });
  const line = args(broker.url, broker.url, '--exclude', 'out/#', 'in/private/+').with(4, '#');
  await using bridge = await started(line);
  await publishAll({ port: broker.port, topic: 'in/private/x' }, ['secret']);
  await publishAll({ port: broker.port, topic: 'in/x' }, ['1']);
  await witness.untilCount(1);
  assert.deepEqual(
    (await witness.untilQuiet(300)).map(({ topic, text }) => `${topic} ${text}`),
    ['out/in/x 1'],
  );
  assert.equal((await bridge.end('SIGTERM')).code, 0);
  assert.match(bridge.stderr.at(-1) ?? '', /3 received, 1 delivered/);
});

test('--no-retain publishes retained messages as others', LIMIT, async () => {
  const [from, to] = await Promise.all([startMosquitto(), startMosquitto()]);
  await publishAll({ port: from.port, topic: 'in/x', retain: true }, ['kept']);
  const witness = await startMosquittoSub({ port: to.port });
  await using _bridge = await started(args(from.url, to.url, '--no-retain'));
  await witness.untilCount(1);
  const late = await startMosquittoSub({ port: to.port });
  assert.deepEqual(await late.untilQuiet(300), []);
});

for (const [what, options, letters] of [
  [
    '--dead-letter-topic publishes what the other broker refuses, and the bridge goes on',
    ['--dead-letter-topic', 'bad'],
    1,
  ],
  ['--on-error skip drops it', ['--on-error', 'skip'], 0],
] as const) {
  test(what, LIMIT, async () => {
    const from = await startMosquitto();
    const to = await startMosquitto({ acl: ['topic readwrite out/in/good', 'topic readwrite bad'] });
    const witness = await startMosquittoSub({ port: to.port });
    await using bridge = await started(args(from.url, to.url, '--mqtt', '5', ...options));
    await publishAll({ port: from.port, topic: 'in/evil' }, ['refused']);
    await publishAll({ port: from.port, topic: 'in/good' }, ['taken']);
    const messages = await witness.untilCount(1 + letters);
    assert.deepEqual(
      messages.map(({ topic, text }) => `${topic} ${text}`).sort(),
      ['out/in/good taken', ...(letters === 1 ? ['bad refused'] : [])].sort(),
    );
    assert.equal((await bridge.end('SIGTERM')).code, 0);
  });
}
