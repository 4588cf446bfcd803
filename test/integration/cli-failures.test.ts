import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { startFakeBroker } from '../support/brokers/fake-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { makeCertificates } from '../support/certificates.js';
import { onCleanup } from '../support/cleanup.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { freePort } from '../support/free-port.js';
import { LIMIT } from '../support/limits.js';
import { type CliResult, runCli, startCli } from '../support/start-cli.js';

const SECRET = 'hunter2-S3CRET';
const directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
after(() => rmSync(directory, { recursive: true }));

const args = (from: string, to: string, ...more: string[]) => [
  ...['bridge', '--from', from, '--topic', 'in/#', '--to', to, '--to-topic', '{topic}', '--client-id', 'b', ...more],
];

/** Exit code 1, one line that matches (notes apart), nothing secret. */
function assertFailure(result: CliResult, pattern: RegExp): void {
  const text = [...result.stdout, ...result.stderr].join('\n');
  assert.equal(result.code, 1, text);
  const failures = result.stderr.filter((line) => !line.startsWith('millrace bridge: note: '));
  assert.equal(failures.length, 1, text);
  assert.match(failures[0] ?? '', pattern);
  assert.ok(!text.includes(SECRET), text);
}

const closed = async () => `mqtt://127.0.0.1:${await freePort()}`;

test('a refused connection ends the bridge with one line that says so', LIMIT, async () => {
  const broker = await startMosquitto();
  for (const sides of [
    [await closed(), broker.url],
    [broker.url, await closed()],
  ] as const) {
    const result = await runCli(args(...sides, '--connect-timeout', '1'));
    assertFailure(result, /^millrace bridge: failed: cannot connect to .*connection refused/);
  }
});

test('the first connection is tried again until the connect timeout', LIMIT, async () => {
  const port = await freePort();
  const to = await startMosquitto();
  await using bridge = startCli(args(`mqtt://127.0.0.1:${port}`, to.url));
  await to.waitForLog(/New client connected.* as b-0/);
  await startMosquitto({ port });
  await bridge.waitForLine(/RUNNING/);
  assert.equal((await bridge.end('SIGTERM')).code, 0);
});

test('a broker that never answers is named by the other one', LIMIT, async () => {
  const broker = await startMosquitto();
  const port = await freePort();
  const mute = createServer((socket) => socket.on('error', () => {})).listen(port, '127.0.0.1');
  onCleanup(async () => void mute.close());
  const result = await runCli(args(`mqtt://127.0.0.1:${port}`, broker.url, '--connect-timeout', '1.5'));
  assertFailure(
    result,
    /no answer to MQTT within 1.5 s from one side, while mqtt:.* is connected\. Check that a broker/,
  );
  assert.ok(result.stderr[0]?.includes(broker.url));
});

test(
  'what a broker gives as its reason, and a topic, move no terminal: neither in lines for people nor for machines (X4)',
  LIMIT,
  async () => {
    const reason = Buffer.from('\u001b[2J\u0007no\u009b2J\u2028way');
    const refusal = (packetId: number) => {
      const properties = Buffer.concat([Buffer.from([0x1f, 0, reason.length]), reason]);
      const body = Buffer.concat([Buffer.from([packetId >> 8, packetId & 255, 0x87, properties.length]), properties]);
      return Buffer.concat([Buffer.from([0x40, body.length]), body]);
    };
    const to = await startFakeBroker({ publish: (client, packet) => client.sendBytes(refusal(packet.packetId ?? 0)) });
    const from = await startMosquitto();
    await using bridge = startCli(args(from.url, to.url, '--json', '--mqtt', '5'));
    await bridge.waitForLine(/RUNNING/);
    await publishAll({ port: from.port, topic: 'in/\u202ex' }, ['1']);
    assert.equal((await bridge.exited).code, 1);
    assert.match(bridge.stderr.at(-1) ?? '', /failed: .*in\/\\u202ex.*\\u001b\[2J\\u0007no\\u009b2J\\u2028way/);
    for (const line of [...bridge.stdout, ...bridge.stderr]) assert.doesNotMatch(line, /[\p{Cc}\u202e\u2028]/u);
    assert.ok(bridge.stdout.some((line) => JSON.parse(line).error?.message?.includes(reason.toString())));
  },
);

for (const version of ['5', '4'] as const) {
  test(`wrong and missing passwords are not authorized (MQTT ${version})`, LIMIT, async () => {
    const open = await startMosquitto();
    const guarded = await startMosquitto({ users: { alice: SECRET } });
    const url = (user: string) => guarded.url.replace('mqtt://', `mqtt://${user}`);
    const mqtt = ['--mqtt', version];
    const refused = await runCli(args(guarded.url, open.url, ...mqtt));
    assertFailure(refused, /not authorized/i);
    assert.ok(refused.stderr[0]?.includes(guarded.url), 'which of the two brokers');
    assertFailure(
      await runCli(args(url(`alice:wrong${SECRET}@`), open.url, ...mqtt)),
      /not authorized|user name or password/i,
    );
    assertFailure(
      await runCli(args(open.url, url(`alice:wrong${SECRET}@`), ...mqtt)),
      /not authorized|user name or password/i,
    );
  });
}

test(
  'the right password is taken from the URL, the environment and a file, and is printed nowhere',
  LIMIT,
  async () => {
    const broker = await startMosquitto({ users: { alice: SECRET } });
    const file = join(directory, 'password');
    writeFileSync(file, `${SECRET}\n`);
    const sources: readonly (readonly [string, readonly string[]])[] = [
      [broker.url.replace('mqtt://', `mqtt://alice:${SECRET}@`), []],
      [broker.url, ['--username', 'alice', '--password-env', 'BRIDGE_PASSWORD']],
      [broker.url, ['--username', 'alice', '--password-file', file]],
    ];
    for (const [url, more] of sources) {
      const line = args(url, url, '--json', '--stats', ...more).with(8, 'out/{topic}');
      await using bridge = startCli(line, { BRIDGE_PASSWORD: SECRET });
      await bridge.waitForLine(/RUNNING/);
      assert.equal((await bridge.end('SIGTERM')).code, 0);
      const text = [...bridge.stdout, ...bridge.stderr].join('\n');
      assert.ok(!text.includes(SECRET), text);
    }
  },
);

test('a password in a URL is told once, with the way out, and not repeated (X7)', LIMIT, async () => {
  const broker = await startMosquitto({ users: { alice: SECRET } });
  const url = broker.url.replace('mqtt://', `mqtt://alice:${SECRET}@`);
  const other = await startMosquitto({ users: { alice: SECRET } });
  await using bridge = startCli(args(url, other.url.replace('mqtt://', `mqtt://alice:${SECRET}@`), '--json'));
  await bridge.waitForLine(/RUNNING/);
  const notes = bridge.stderr.filter((line) => line.includes('note: the password'));
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', /in --from and --to .*list of processes: .*--password-env or --password-file/);
  await bridge.end('SIGTERM');
  const events = bridge.stdout.map((line) => JSON.parse(line)).filter(({ event }) => event === 'note');
  assert.deepEqual(events[0]?.options, ['--from', '--to']);
  assert.ok(![...bridge.stdout, ...bridge.stderr].join('\n').includes(SECRET));
});

test('a refused filter ends the bridge with the filter and the reason', LIMIT, async () => {
  const from = await startAedes({ aedes: { authorizeSubscribe: (_client, _subscription, done) => done(null, null) } });
  const to = await startMosquitto();
  const url = from.url.replace('mqtt://', `mqtt://alice:${SECRET}@`);
  assertFailure(await runCli(args(url, to.url, '--mqtt', '4')), /in\/#.*refuse|refuse.*in\/#/i);
});

test('a publish that the broker does not authorize fails the job at that message', LIMIT, async () => {
  const from = await startMosquitto();
  const to = await startMosquitto({ users: { bob: SECRET }, acl: ['user bob', 'topic readwrite other/#'] });
  const bridge = startCli(args(from.url, to.url.replace('mqtt://', `mqtt://bob:${SECRET}@`), '--mqtt', '5', '--json'));
  await bridge.waitForLine(/RUNNING/);
  await publishAll({ port: from.port, topic: 'in/x' }, ['1']);
  const exit = await bridge.exited;
  assert.equal(exit.code, 1);
  const failure = bridge.stderr.at(-1) ?? '';
  assert.match(failure, /in\/x.*not authorized|not authorized.*in\/x/i);
  assert.equal(JSON.parse(bridge.stdout.at(-1) ?? '{}').event, 'failed');
  assert.ok(![...bridge.stdout, ...bridge.stderr].join('\n').includes(SECRET));
});

test('a message whose topic lacks a level of the template fails the job at that topic', LIMIT, async () => {
  const from = await startMosquitto();
  const to = await startMosquitto();
  const line = [...['bridge', '--from', from.url, '--topic', 'in/#', '--to', to.url], '--to-topic', '{level.3}'];
  const bridge = startCli([...line, '--client-id', 'b']);
  await bridge.waitForLine(/RUNNING/);
  await publishAll({ port: from.port, topic: 'in/short' }, ['1']);
  assert.equal((await bridge.exited).code, 1);
  assert.match(bridge.stderr.at(-1) ?? '', /'in\/short' has no level 3/);
});

test('a bridge that would read its own messages fails instead of going round', LIMIT, async () => {
  const broker = await startMosquitto();
  const line = [
    'bridge',
    '--from',
    broker.url,
    '--topic',
    '+/x',
    '--to',
    broker.url,
    '--to-topic',
    '{level.1}/{level.1}',
  ];
  const bridge = startCli([...line, '--client-id', 'b']);
  await bridge.waitForLine(/RUNNING/);
  await publishAll({ port: broker.port, topic: 'x/x' }, ['1']);
  assert.equal((await bridge.exited).code, 1);
  assert.match(bridge.stderr.at(-1) ?? '', /failed: the bridge would read its own message again/);
});

test('a second bridge with the same client id ends with a client id conflict', LIMIT, async () => {
  const from = await startMosquitto();
  const to = await startMosquitto();
  const bridges = [startCli(args(from.url, to.url, '--mqtt', '5')), startCli(args(from.url, to.url, '--mqtt', '5'))];
  const exit = await Promise.race(bridges.map(async (bridge) => ({ bridge, ...(await bridge.exited) })));
  assert.equal(exit.code, 1);
  assert.match(exit.bridge.stderr.at(-1) ?? '', /another client uses the client id/);
});

for (const [wrong, pattern] of [
  [[], /a command is missing/],
  [['brige'], /did you mean bridge/],
  [['bridge'], /--from is missing/],
  [['bridge', '--fro', 'x'], /unknown option --fro, did you mean --from/],
  [['bridge', '--password', SECRET], /--password is not an option: .*--password-env/],
  [
    args('mqtt://127.0.0.1:1', 'mqtt://127.0.0.1:1', '--guarantee', 'exactly-once'),
    /--guarantee exactly-once needs --dir/,
  ],
  [args('mqtt://127.0.0.1:1', 'mqtt://127.0.0.1:2', '--topic', 'in/x', '--mqtt', '4'), /overlap/],
  [['run'], /MODULE is missing/],
  [['run', 'nowhere.ts'], /no such file: nowhere.ts/],
] as const) {
  test(`wrong usage exits with 2 and a hint: ${pattern.source}`, LIMIT, async () => {
    const result = await runCli(wrong);
    assert.equal(result.code, 2);
    assert.match(result.stderr[0] ?? '', pattern);
    assert.match(result.stderr[1] ?? '', /^Try: millrace.* --help$/);
    assert.ok(!result.stderr.join('\n').includes(SECRET));
    assert.deepEqual(result.stdout, []);
  });
}

test(
  'G10: an exactly-once bridge of overlapping filters is refused before it connects, with the ways out',
  LIMIT,
  async () => {
    const flags = ['--topic', 'in/x/t', '--guarantee', 'exactly-once', '--dir', join(directory, 'overlap')];
    const result = await runCli(args('mqtt://127.0.0.1:1', 'mqtt://127.0.0.1:2', ...flags));
    assert.equal(result.code, 2, result.stderr.join('\n'));
    assert.match(result.stderr.join(' '), /"in\/#" and "in\/x\/t".*Read one filter that covers both/);
  },
);

test('help and version go to stdout with exit code 0', LIMIT, async () => {
  for (const line of [['--help'], ['bridge', '--help'], ['run', '-h'], ['--version'], ['bridge', '--version']]) {
    const result = await runCli(line);
    assert.equal(result.code, 0);
    assert.deepEqual(result.stderr, []);
    assert.match(result.stdout[0] ?? '', /^Usage: millrace|^\d+\.\d+\.\d+/);
  }
});

test(
  'TLS: the given authority is trusted, an unknown one ends the bridge with advice, a client certificate is shown',
  LIMIT,
  async () => {
    const { caFile, server, client } = await makeCertificates();
    const files = [`cafile ${caFile}`, `certfile ${server.certFile}`, `keyfile ${server.keyFile}`];
    const broker = await startMosquitto({ listeners: [{ config: [...files, 'require_certificate true'] }] });
    const pair = ['--cert', client.certFile, '--key', client.keyFile];
    const url = `mqtts://localhost:${broker.listenerPorts[0]}`;
    assertFailure(await runCli(args(url, broker.url, ...pair)), /certificate.*--ca/);
    await using bridge = startCli(args(url, broker.url, '--ca', caFile, ...pair).with(8, 'out/{topic}'));
    await bridge.waitForLine(/RUNNING/);
    assert.equal((await bridge.end('SIGTERM')).code, 0);
  },
);
